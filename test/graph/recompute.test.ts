import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gradients } from '../../src/graph/autodiff.js';
import { Graph } from '../../src/graph/graph.js';
import { batchNormTrain } from '../../src/graph/ops/batchNorm.js';
import { conv2d } from '../../src/graph/ops/conv.js';
import { mul, relu, sub } from '../../src/graph/ops/elementwise.js';
import { mean } from '../../src/graph/ops/reduce.js';
import { phasesOf } from '../../src/graph/phases.js';
import { recompute } from '../../src/graph/recompute.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { verifyProgram } from '../../src/graph/verify.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { createModel } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { evaluationProgram, trainProgram } from '../../src/train/programs.js';
import { onReference } from '../support/reference.js';

const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 10 });

test('the backward phase reads no normalised or activated images of the forward phase', () => {
  const program = trainProgram(model, biasLoss(), sgd(), 2);
  const leaner = recompute(program);
  verifyProgram(leaner);
  const phases = phasesOf(program);
  const cheap = new Set(
    program.nodes.flatMap(({ kind, outputs }) =>
      phases.get(outputs[0]!) === 'forward' && kind === 'batchNormTrain' ? [outputs[0]!] : [],
    ),
  );
  for (const { kind, inputs, outputs } of program.nodes)
    if (kind === 'unary' && cheap.has(inputs[0]!)) cheap.add(outputs[0]!);
  const kept = (nodes: typeof program.nodes): number =>
    nodes.filter(
      ({ inputs, outputs }) =>
        phases.get(outputs[0]!) === 'backward' && inputs.some((value) => cheap.has(value)),
    ).length;
  assert.ok(kept(program.nodes) > 50, `${kept(program.nodes)} before`);
  assert.equal(kept(leaner.nodes), 0);
  assert.equal(leaner.outputs, program.outputs);
});

test('a step gives the same numbers, bit for bit', () => {
  const program = trainProgram(model, biasLoss(), sgd({ momentum: 0.9 }), 2);
  const images = Float32Array.from({ length: 2 * 3 * 32 * 32 }, (_, i) => Math.sin(i));
  const stepOf = (step: typeof program) => {
    const entries = model.stateEntries();
    const { executable, variables } = onReference(
      step,
      new Map(entries.map(({ name, parameter }) => [name, parameter.initialise(1, name)])),
    );
    const inputs = { images, labels: Int32Array.of(1, 2), learningRate: Float32Array.of(0.1) };
    const outputs = executable.run(inputs, { seed: 0, step: 0 });
    return { outputs, variables: [...variables.values()].map((variable) => variable.readExact()) };
  };
  assert.deepEqual(stepOf(recompute(program)), stepOf(program));
});

test('an evaluation stays as it is', () => {
  const program = evaluationProgram(model, 1);
  assert.deepEqual(recompute(program), program);
});

test('what is computed again stands after what it reads, also between two backward phases', () => {
  const graph = new Graph();
  const [x, weight] = [graph.input('x', [2, 4, 3, 3]), graph.input('w', [4, 4, 1, 1])];
  const [gamma, beta] = [graph.input('gamma', [4]), graph.input('beta', [4])];
  const slopeAt = (w: Tensor): Tensor => {
    const y = relu(batchNormTrain(conv2d(x, w), gamma, beta, 1e-3).y);
    return gradients(mean(mul(y, y)), [w])[0]!;
  };
  const first = slopeAt(weight);
  const program = graph.program({ first, second: slopeAt(sub(weight, first)) });
  const leaner = recompute(program);
  verifyProgram(leaner);
  // Of each pass the normalisation and the ReLU.
  assert.equal(leaner.nodes.length, program.nodes.length + 4);
});
