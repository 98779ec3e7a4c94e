import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { partsOf } from '../../src/models/parts.js';
import { createModel, modelNames } from '../../src/models/registry.js';

describe('parts of a model', () => {
  for (const name of modelNames)
    it(`of ${name} are all of its entries, each once, the classifier's apart`, () => {
      const model = createModel({ name, classes: 10 });
      const { backbone, head } = partsOf(model);
      const entries = model.stateEntries().map((entry) => entry.name);
      assert.deepEqual([...backbone.flat(), ...head].sort(), [...entries].sort());
      for (const entry of model.classifierEntries) assert.ok(head.includes(entry), entry);
      assert.ok(backbone.length >= 6, `${backbone.length} parts`);
    });

  it('are stem and blocks, in the order in which images go through them', () => {
    const first = (name: string): string[] =>
      partsOf(createModel({ name, classes: 10 })).backbone.map(([entry]) => entry!);
    const blocks = first('resnet18').map((entry) => entry.split('.').slice(0, 2).join('.'));
    const layers = [1, 2, 3, 4].flatMap((layer) => [`layer${layer}.0`, `layer${layer}.1`]);
    assert.deepEqual(blocks, ['conv1.weight', ...layers]);
    const skips = first('skipblocknet');
    const place = (prefix: string): number => skips.findIndex((entry) => entry.startsWith(prefix));
    assert.ok(place('blocks.0.') < place('skip1.') && place('skip1.') < place('blocks.1.'), skips.join(' '));
    assert.ok(place('skip2.') < place('blocks.2.') && place('blocks.2.') < place('conv.'), skips.join(' '));
  });
});
