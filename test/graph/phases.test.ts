import assert from 'node:assert/strict';
import { test } from 'node:test';
import { phasesOf } from '../../src/graph/phases.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { createModel } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { evaluationProgram, trainProgram } from '../../src/train/programs.js';

test('a training step’s operations are forward, backward or update', () => {
  const model = createModel({ name: 'resnet18', classes: 10 });
  const program = trainProgram(model, biasLoss(), sgd(), 2);
  const phases = phasesOf(program);
  const kindsIn = (phase: string): Set<string> =>
    new Set(program.nodes.flatMap((node) => (phases.get(node.outputs[0]!) === phase ? [node.kind] : [])));
  const [forward, backward, update] = ['forward', 'backward', 'update'].map(kindsIn);
  for (const kind of ['conv2d', 'batchNormTrain', 'softmaxCrossEntropy']) assert.ok(forward!.has(kind), kind);
  for (const kind of ['conv2dInputGrad', 'conv2dWeightGrad', 'batchNormTrainGrad'])
    assert.ok(backward!.has(kind), kind);
  assert.ok(update!.has('sgdUpdate'));
  assert.ok(![...forward!, ...update!].some((kind) => /Grad$/.test(kind)));
  assert.ok(!backward!.has('conv2d'));
  for (const node of program.nodes)
    for (const output of node.outputs) assert.ok(phases.has(output), `${node.kind} has a phase`);
});

test('a program without an optimiser has no phases', () => {
  const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 10 });
  assert.equal(phasesOf(evaluationProgram(model, 1)).size, 0);
});
