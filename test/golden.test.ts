import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngine, type EngineName } from '../src/engines/createEngine.js';
import { createModel } from '../src/models/registry.js';
import { formulaState } from './support/formula.js';
import { readGolden } from './support/golden.js';
import { goldenSuite } from './support/goldenSuite.js';
import { onednnMissing } from './support/onednn.js';

const engines: readonly EngineName[] = ['onnx', 'onednn'];
/** The models of the bias loss's published code. */
const published = ['resnet18', 'densenet121', 'shufflenetv2', 'skipblocknet'] as const;

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

for (const name of engines) {
  const reason = name === 'onednn' && (await onednnMissing());
  for (const model of published) {
    const title = `golden numbers of ${model} on ${name}`;
    const engine = (): ReturnType<typeof createEngine> => createEngine(name, { threads: 2 });
    if (reason) it(title, { skip: reason }, () => undefined);
    else
      describe(title, () =>
        goldenSuite({
          model,
          engine,
          limits: { gradients: name === 'onnx' ? 'file' : 'variants', trajectories: 'variants' },
        }),
      );
  }
}

// In double precision the limits are the golden files' alone, in the smallest model: the others take minutes.
describe('golden numbers of shufflenetv2 in double precision', () =>
  goldenSuite({
    model: 'shufflenetv2',
    engine: () => createEngine('reference'),
    trajectories: ['global'],
    steps: 2,
  }));
