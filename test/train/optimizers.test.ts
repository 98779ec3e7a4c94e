import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import { Graph } from '../../src/graph/graph.js';
import { add } from '../../src/graph/ops/elementwise.js';
import { mean } from '../../src/graph/ops/reduce.js';
import { GraphError } from '../../src/graph/tensorType.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import type { Loss } from '../../src/losses/loss.js';
import { adamw } from '../../src/optim/adamw.js';
import { lion } from '../../src/optim/lion.js';
import { applyOptimizer, type Optimizer } from '../../src/optim/optimizer.js';
import { rmsprop } from '../../src/optim/rmsprop.js';
import { sgd } from '../../src/optim/sgd.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { Learner } from '../../src/train/learner.js';
import { restoreLearner } from '../../src/train/learnerState.js';
import { floatsOf, type StateDictTensors } from '../../src/train/stateDict.js';
import { onednnMissing } from '../support/onednn.js';
import { adam, adamByHand, expectClose } from './fixtures/optimizers.js';
import { TinyModel, type TinyOptions, withFolder, withTrainer } from './fixtures/tiny.js';

const missing = await onednnMissing();
const BATCH = 8;

function batch(): { images: Float32Array; labels: Int32Array } {
  const images = Float32Array.from({ length: BATCH * 3 * 64 }, (_, i) => Math.sin(i));
  return { images, labels: Int32Array.from({ length: BATCH }, (_, i) => i % 3) };
}

describe('an optimiser with two state tensors and the step number', () => {
  it('computes what its formula says, over several steps', async () => {
    const engine = await createEngine('reference');
    try {
      const learner = await Learner.create({
        engine,
        model: new TinyModel(),
        loss: crossEntropyLoss(),
        optimizer: adam(),
        batchSize: BATCH,
      });
      const name = 'fc.weight';
      const start = floatsOf((await learner.stateDict()).get(name)!);
      const gradients: Float32Array[] = [];
      for (let step = 0; step < 4; step++) {
        gradients.push((await learner.gradients(batch())).gradients.get(name)!);
        await learner.step(batch(), { learningRate: 0.01, step });
      }
      const wanted = adamByHand(start, gradients, 0.01);
      const state = await learner.trainingState();
      expectClose(floatsOf((await learner.stateDict()).get(name)!), wanted.value, name);
      expectClose(floatsOf(state.get(`optimizer.firstMoment.${name}`)!), wanted.first, 'first moment');
      expectClose(floatsOf(state.get(`optimizer.secondMoment.${name}`)!), wanted.second, 'second moment');
    } finally {
      await engine.close();
    }
  });

  // The reference engine computes in 64 bits, of which a checkpoint keeps 32.
  const engines = [
    { engine: 'onnx', skip: false },
    { engine: 'onednn', skip: missing },
  ] as const;
  for (const { engine, skip } of engines)
    for (const accumulate of [1, 2])
      it(`is saved whole and resumes bit for bit: ${engine}, ${accumulate} batches a step`, { skip }, () =>
        resumesExactly({ engine, accumulate, clipNorm: 1, optimizer: adam(), schedule: () => 0.01 }),
      );
  for (const { engine, skip } of engines)
    for (const [name, optimizer] of Object.entries({
      adamw: adamw({ decayBiasNorm: false }),
      rmsprop: rmsprop({ tensorFlow: true, momentum: 0.9 }),
      lion: lion(),
    }))
      it(`resumes bit for bit: ${name} on ${engine}`, { skip }, () =>
        resumesExactly({ engine, optimizer, schedule: () => 0.005 }),
      );
});

/** Trains without a break, and with one after step 4; everything that is saved must be the same. */
async function resumesExactly(options: TinyOptions): Promise<void> {
  await withFolder((whole) =>
    withFolder(async (broken) => {
      await withTrainer({ ...options, folder: whole }, ({ trainer }) => trainer.run());
      await withTrainer({ ...options, folder: broken }, async ({ trainer }) => {
        trainer.listen((event) => event.event === 'step' && event.globalStep === 4 && trainer.stop());
        assert.equal(await trainer.run(), 'interrupted');
      });
      const checkpoint = readCheckpoint(join(broken, 'last.safetensors'));
      expectState(checkpoint.tensors, (options.optimizer ?? sgd()).state);
      const { progress } = checkpoint.training!;
      await withTrainer({ ...options, folder: broken, progress }, async ({ trainer, learner }) => {
        await restoreLearner(learner, checkpoint);
        assert.equal(await trainer.run(), 'complete');
      });
      const tensorsOf = (folder: string): StateDictTensors =>
        readCheckpoint(join(folder, 'last.safetensors')).tensors;
      assert.deepEqual(tensorsOf(broken), tensorsOf(whole));
    }),
  );
}

function expectState(tensors: StateDictTensors, states: readonly string[]): void {
  for (const name of ['conv.weight', 'bn.weight', 'bn.bias', 'fc.weight', 'fc.bias'])
    for (const state of states) {
      const values = floatsOf(tensors.get(`optimizer.${state}.${name}`)!);
      assert.ok(
        values.some((value) => value !== 0),
        `${state} of ${name} is not zero`,
      );
    }
  assert.deepEqual(tensors.get('optimizer.step')!.data, BigInt64Array.of(4n));
}

describe('losses and optimisers of one’s own', () => {
  it('have any name, and state in checkpoints', () =>
    withFolder(async (folder) => {
      const loss: Loss = {
        name: 'confidence',
        variables: [{ name: 'loss.batches', shape: [], initial: 0 }],
        build: (graph, input) => {
          const { loss: value, crossEntropy } = crossEntropyLoss().build(graph, input);
          const batches = graph.variable('loss.batches', []);
          return { loss: value, crossEntropy, updates: new Map([['loss.batches', add(batches, 1)]]) };
        },
      };
      await withTrainer({ loss, folder, epochs: 1, engine: 'reference' }, ({ trainer }) => trainer.run());
      const { tensors } = readCheckpoint(join(folder, 'last.safetensors'));
      assert.deepEqual(floatsOf(tensors.get('loss.batches')!), Float32Array.of(5));
    }));

  it('are refused where a checkpoint could not hold their state', async () => {
    const loss: Loss = {
      ...crossEntropyLoss(),
      name: 'mine',
      variables: [{ name: 'm', shape: [], initial: 0 }],
    };
    await assert.rejects(
      withTrainer({ loss }, async () => undefined),
      /^UsageError: the loss mine has a variable m: its name must start with loss\./,
    );
    const graph = new Graph();
    const value = graph.variable('w', [2]);
    const forgetful: Optimizer = {
      state: ['a', 'b'],
      update: (parameter) => ({ value: parameter.value, state: {} }),
    };
    const step = { learningRate: graph.input('learningRate', []), step: graph.input('step', []) };
    const parameters = new Map([['w', { value, gradient: mean(value, [0], true) }]]);
    assert.throws(
      () => applyOptimizer(graph, forgetful, parameters, step),
      (error) =>
        error instanceof GraphError &&
        error.message === 'the optimiser must update its state of w: a, b, but it returned nothing',
    );
  });

  it('of SGD keep their names, so that older checkpoints load', () => {
    assert.deepEqual(sgd().state, ['momentum']);
  });
});
