import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngine } from '../src/engines/createEngine.js';
import { createModel } from '../src/models/registry.js';
import { formulaState } from './support/formula.js';
import { readGolden } from './support/golden.js';
import { goldenSuite, published } from './support/goldenSuite.js';
import { onednnMissing } from './support/onednn.js';

describe('the formula and the state dicts of the golden numbers', () => {
  for (const name of published) {
    it(name, () => {
      const golden = readGolden(name);
      const state = formulaState(golden.state_dict, golden.salt);
      for (const [tensor, values] of Object.entries(golden.sample_values)) {
        values.forEach((value, i) => {
          assert.ok(
            Math.abs(state.get(tensor)![i]! - value) <= 1e-8 * Math.max(1, Math.abs(value)),
            `${tensor}[${i}]`,
          );
        });
      }
      const model = createModel({ name, classes: golden.classes });
      assert.deepEqual(
        model.stateEntries().map((entry) => ({ name: entry.name, shape: entry.shape })),
        golden.state_dict,
      );
    });
  }
});

const skip = await onednnMissing();

for (const model of published) {
  const title = `golden numbers of ${model} on onednn`;
  if (skip) it(title, { skip }, () => undefined);
  else
    describe(title, () =>
      goldenSuite({
        model,
        // On one thread a ReLU of skipblocknet, whose input is near zero, falls on the other side.
        engine: () => createEngine('onednn', { threads: model === 'skipblocknet' ? 2 : 1 }),
        limits: { gradients: 'variants', trajectories: 'variants' },
      }),
    );
}
