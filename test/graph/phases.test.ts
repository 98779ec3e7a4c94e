import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Phase } from '../../src/graph/phase.js';
import { phasesOf } from '../../src/graph/phases.js';
import type { Program } from '../../src/graph/program.js';
import { recompute } from '../../src/graph/recompute.js';
import { verifyProgram } from '../../src/graph/verify.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { createModel } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import {
  backwardProgram,
  evaluationProgram,
  trainedParameters,
  trainProgram,
  updateProgram,
} from '../../src/train/programs.js';

const model = createModel({ name: 'resnet18', classes: 10 });

/** The kinds of operation in each phase; every value must have one. */
function kindsOf(program: Program): Record<Phase, Set<string>> {
  const phases = phasesOf(program);
  const kinds = { forward: new Set<string>(), backward: new Set<string>(), update: new Set<string>() };
  for (const node of program.nodes)
    for (const output of node.outputs) {
      const phase = phases.get(output);
      assert.ok(phase, `${node.kind} has a phase`);
      kinds[phase].add(node.kind);
    }
  return kinds;
}

function expectPasses({ forward, backward, update }: Record<Phase, Set<string>>): void {
  for (const kind of ['conv2d', 'batchNormTrain', 'softmaxCrossEntropy']) assert.ok(forward.has(kind), kind);
  for (const kind of ['conv2dInputGrad', 'conv2dWeightGrad', 'batchNormTrainGrad'])
    assert.ok(backward.has(kind), kind);
  assert.ok(![...forward, ...update].some((kind) => /Grad$/.test(kind)));
  assert.ok(!backward.has('conv2d'));
}

test('a training step’s operations are forward, backward or update', () => {
  const kinds = kindsOf(trainProgram(model, biasLoss(), sgd(), 2));
  expectPasses(kinds);
  assert.ok(kinds.update.has('sgdUpdate') && !kinds.backward.has('sgdUpdate'));
});

test('clipping is part of the update', () => {
  const kinds = kindsOf(trainProgram(model, biasLoss(), sgd(), 2, { clipNorm: 1 }));
  expectPasses(kinds);
  assert.ok(kinds.update.has('reduce'));
});

for (const gradients of ['outputs', 'accumulate'] as const)
  test(`a program of gradients alone has phases and recomputation (${gradients})`, () => {
    const program = backwardProgram(model, biasLoss(), 2, { gradients });
    const kinds = kindsOf(program);
    expectPasses(kinds);
    // New running statistics.
    assert.ok(kinds.update.has('binary'));
    const leaner = recompute(program);
    verifyProgram(leaner);
    assert.ok(
      leaner.nodes.length > program.nodes.length + 15,
      `${program.nodes.length}→${leaner.nodes.length}`,
    );
    expectPasses({ ...kindsOf(leaner) });
  });

test('an update by itself has a phase, and an evaluation has none', () => {
  const kinds = kindsOf(updateProgram(sgd(), trainedParameters(model)));
  assert.ok(kinds.update.has('sgdUpdate'));
  assert.equal(kinds.backward.size, 0);
  assert.equal(phasesOf(evaluationProgram(model, 1)).size, 0);
});

test('marks are plain data that survives being sent to a worker', () => {
  const program = backwardProgram(model, biasLoss(), 2);
  assert.deepEqual(structuredClone(program), program);
  assert.deepEqual(phasesOf(structuredClone(program)), phasesOf(program));
});
