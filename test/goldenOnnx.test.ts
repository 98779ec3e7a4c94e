import { describe } from 'node:test';
import { createEngine } from '../src/engines/createEngine.js';
import { goldenSuite, published } from './support/goldenSuite.js';

for (const model of published)
  describe(`golden numbers of ${model} on onnx`, () =>
    goldenSuite({
      model,
      engine: () => createEngine('onnx', { threads: 1 }),
      limits: { gradients: 'file', trajectories: 'variants' },
    }));
