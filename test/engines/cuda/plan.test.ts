import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Device } from '../../../src/engines/cuda/device.js';
import { type Plan, planProgram } from '../../../src/engines/cuda/plan/plan.js';
import type { Step } from '../../../src/engines/cuda/plan/step.js';
import { Graph } from '../../../src/graph/graph.js';
import { add, mul } from '../../../src/graph/ops/elementwise.js';
import type { Program } from '../../../src/graph/program.js';
import { withoutCollectives } from '../../../src/graph/withoutCollectives.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { createModel, type ModelName } from '../../../src/models/registry.js';
import { rescale } from '../../../src/optim/clip.js';
import { sgd } from '../../../src/optim/sgd.js';
import { trainProgram } from '../../../src/train/programs.js';
import { plannedDevice } from './fixtures/plannedDevice.js';

const device: Device = plannedDevice();

function trainingPlan(name: ModelName): Plan {
  const model = createModel({ name, classes: 10 });
  const program = trainProgram(model, biasLoss(), sgd({ momentum: 0.9, weightDecay: 1e-4 }), 8);
  return planProgram(device, withoutCollectives(program), 'bf16');
}

function operations(steps: readonly Step[], phase: string): string[] {
  return steps.filter((step) => step.phase === phase).map(({ operation }) => operation);
}

describe('plans for a device', () => {
  test('a dense network joins its tensors without copies, and goes through each part once for its statistics', () => {
    const plan = trainingPlan('densenet121');
    assert.ok(!operations(plan.steps, 'forward').includes('concat'));
    const statistics = operations(plan.steps, 'forward').filter((name) => name === 'batchNormTrain');
    // 58 layers with two normalisations, the second of which is of a tensor of its own; transitions, and the first convolution.
    assert.ok(statistics.length <= 130, `${statistics.length} passes`);
  });

  test('hundreds of updates are a few launches', () => {
    const { steps } = trainingPlan('resnet18');
    assert.ok(operations(steps, 'update').length < 20, `${operations(steps, 'update').length} launches`);
    assert.ok(steps.some((step) => step.kind === 'many' && step.bodies.length > 15));
  });

  test('what is beside the rest shares no memory with it until it is waited for', () => {
    const { steps, asides } = trainingPlan('shufflenetv2');
    assert.ok(asides.size > 40, `${asides.size} steps`);
    for (const [index, joined] of asides) {
      const { reads, writes } = steps[index]!;
      for (const other of steps.slice(index + 1, joined)) {
        for (const buffer of other.writes) assert.ok(!reads.includes(buffer) && !writes.includes(buffer));
        for (const buffer of other.reads) assert.ok(!writes.includes(buffer));
      }
    }
  });

  test('a program is planned to the same kernels each time', () => {
    const texts = (): string[] =>
      trainingPlan('squeezenet1_1').steps.flatMap((step) => (step.kind === 'kernel' ? [step.body.text] : []));
    assert.deepEqual(texts(), texts());
  });

  test('a tensor whose places do not fit in 32 bits is refused', () => {
    const graph = new Graph();
    const x = graph.input('x', [4096, 64, 112, 112]);
    const program = graph.program({ y: mul(x, 2) });
    assert.throws(
      () => planProgram(device, program, 'bf16'),
      /\[4096, 64, 112, 112\] has more elements.*smaller batch size/,
    );
  });

  test('a variable whose old value is still to be read gets its new one by way of another place', () => {
    const { steps } = planProgram(device, swap(), 'f32');
    const variables = steps.flatMap(({ writes }) => writes.filter(({ variable }) => variable !== undefined));
    assert.equal(variables.length, 2);
    const first = steps.findIndex(({ writes }) => writes.some(({ variable }) => variable === 'a'));
    const later = steps.slice(first + 1).flatMap(({ reads }) => reads.map(({ variable }) => variable));
    assert.ok(!later.includes('a'), 'the old value of a is read after it was overwritten');
  });
});

/** a ← a·b + b, b ← 2a. */
function swap(): Program {
  const graph = new Graph();
  const [a, b] = [graph.variable('a', [6]), graph.variable('b', [6])];
  return graph.program(
    {},
    new Map([
      ['a', add(mul(a, b), b)],
      ['b', mul(a, 2)],
    ]),
  );
}

describe('kernels of many tensors', () => {
  test('a sum over more gradients than a kernel has parameters is several kernels', () => {
    const graph = new Graph();
    const all = Array.from({ length: 1200 }, (_, index) => graph.input(`x${index}`, [4]));
    const { norm, gradients } = rescale(all, { maxNorm: 1 });
    const { steps } = planProgram(device, graph.program({ norm: norm!, last: gradients[1199]! }), 'f32');
    for (const step of steps)
      if (step.kind === 'kernel')
        assert.ok(step.body.buffers.length <= 512, `${step.operation}: ${step.body.buffers.length}`);
  });
});
