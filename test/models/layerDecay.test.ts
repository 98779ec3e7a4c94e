import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { partsOf } from '../../src/models/parts.js';
import { createModel, families } from '../../src/models/registry.js';
import { rateScales } from '../../src/runs/fineTuning.js';

/** Exponents of timm's `param_groups_layer_decay` by timm's modules, which bench/pytorch/timm_layer_decay.py wrote. */
const { exponents } = JSON.parse(
  readFileSync(new URL('../../../test/golden/layerDecay.json', import.meta.url), 'utf8'),
) as { readonly exponents: Readonly<Record<string, Readonly<Record<string, number>>>> };

describe('layer decay is timm’s', () => {
  for (const [name, modules] of Object.entries(exponents))
    it(`for every parameter of ${name}`, () => {
      const model = createModel({ name, classes: 10 });
      const entries = model.stateEntries();
      const renamed = name.startsWith('tf_')
        ? undefined
        : families.declarationOf(name)?.otherNames?.(entries.map((entry) => entry.name));
      const theirs = new Map([...(renamed ?? [])].map(([other, own]) => [own, other]));
      const scales = rateScales(partsOf(model), { headLrScale: 1, layerDecay: 0.5 });
      for (const entry of entries) {
        if (entry.kind !== 'parameter') continue;
        const other = theirs.get(entry.name) ?? entry.name;
        const found = Object.entries(modules).filter(([module]) => other.startsWith(`${module}.`));
        assert.equal(found.length, 1, other);
        assert.equal(scales.get(entry.name), 0.5 ** found[0]![1], entry.name);
      }
    });
});
