import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerProgram } from '../../../src/engines/onnx/lowering/lowerProgram.js';
import { providers } from '../../../src/engines/onnx/providers.js';
import { withoutCollectives } from '../../../src/graph/withoutCollectives.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { createModel } from '../../../src/models/registry.js';
import { sgd } from '../../../src/optim/sgd.js';
import { backwardProgram, trainProgram } from '../../../src/train/programs.js';

test('a step writes the weights of convolutions and their momentum over what was there', () => {
  const model = createModel({ name: 'resnet18', classes: 10 });
  const program = trainProgram(model, biasLoss(), sgd({ momentum: 0.9, weightDecay: 1e-4 }), 2);
  const { fetches } = lowerProgram(withoutCollectives(program), { ...providers.cpu, blockSize: 16 });
  const updates = fetches.flatMap(({ target, shape }) =>
    target.kind === 'update' && shape.length === 4 ? [target] : [],
  );
  assert.equal(updates.length, 2 * 20);
  assert.deepEqual(
    updates.filter(({ inPlace }) => !inPlace),
    [],
  );
});

test('gradients are added up over what was there', () => {
  const model = createModel({ name: 'resnet18', classes: 10 });
  const program = backwardProgram(model, biasLoss(), 2, { gradients: 'accumulate' });
  const { fetches } = lowerProgram(withoutCollectives(program), { ...providers.cpu, blockSize: 16 });
  const sums = fetches.flatMap(({ target }) =>
    target.kind === 'update' && target.name.startsWith('gradient.') ? [target] : [],
  );
  assert.equal(sums.length, 62);
  assert.deepEqual(
    sums.filter(({ inPlace }) => !inPlace),
    [],
  );
});
