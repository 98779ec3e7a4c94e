import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { Engine } from '../../src/engines/engine.js';
import { biasLoss, RUNNING_MIN } from '../../src/losses/biasLoss.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import type { Loss } from '../../src/losses/loss.js';
import type { Model } from '../../src/models/model.js';
import { createModel } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { Learner } from '../../src/train/learner.js';
import { floatsOf, type StateDictTensors } from '../../src/train/stateDict.js';
import { formulaInput, formulaLabels, formulaState } from './formula.js';
import {
  type Golden,
  type GoldenTrajectory,
  l2Norm,
  readFloat32Variants,
  readGolden,
  relativeError,
  summaryErrors,
} from './golden.js';

/** The models of the bias loss's published code. */
export const published = ['resnet18', 'densenet121', 'shufflenetv2', 'skipblocknet'] as const;

/** What the golden suite runs on. */
export interface GoldenSubject {
  readonly model: (typeof published)[number];
  /** Starts an engine, which all tests of the suite have. */
  readonly engine: () => Promise<Engine>;
  /**
   * Whose error the limits are five times of: the golden file's run of PyTorch in float32 (default), or the
   * worst of PyTorch's ways to compute, where a ReLU's input near zero falls on the other side.
   */
  readonly limits?: { readonly gradients?: 'file' | 'variants'; readonly trajectories?: 'file' | 'variants' };
  /** Losses whose SGD steps are made; default all. */
  readonly trajectories?: readonly Trajectory[];
  /** SGD steps that are made of a trajectory; default all, after which the parameters are compared, too. */
  readonly steps?: number;
}

/** The published bias loss in both modes, and cross-entropy. */
type Trajectory = 'global' | 'local' | 'ce';

const losses: Record<Trajectory, () => Loss> = {
  global: () => biasLoss({ normMode: 'global' }),
  local: () => biasLoss({ normMode: 'local' }),
  ce: () => crossEntropyLoss(),
};

/** Five times the error of PyTorch's own float32, or 1e-5 where that is larger. */
function tolerance(golden: Golden, key: string, index?: number): number {
  const error = golden.pytorch_float32_error[key];
  const value = typeof error === 'object' ? error[index!] : error;
  assert.ok(value !== undefined, `no error of ${key}`);
  return Math.max(5 * value, 1e-5);
}

function below(what: string, error: number, limit: number): void {
  assert.ok(
    error <= limit,
    `${what}: relative error ${error.toExponential(2)} is above ${limit.toExponential(2)}`,
  );
}

function goldenModel({ model, classes, image_size }: Golden): Model {
  return createModel({
    name: model,
    classes,
    imageSize: image_size,
    ...(model === 'skipblocknet' && { dropout: 0 }),
  });
}

function goldenState(golden: Golden): StateDictTensors {
  const values = formulaState(golden.state_dict, golden.salt);
  return new Map(
    golden.state_dict
      .filter(({ name }) => !name.endsWith('num_batches_tracked'))
      .map(({ name, shape }) => [name, { dtype: 'f32', shape, data: values.get(name)! }]),
  );
}

/** What the tests of a suite run on: its engine is started. */
type Running = Omit<GoldenSubject, 'engine'> & { engine(): Engine };

/** Runs `body` with a learner that holds the formula's weights. */
async function withLearner(
  { model, engine }: Running,
  options: { loss: Loss; batch: number; momentum?: number; weightDecay?: number },
  body: (learner: Learner, golden: Golden) => Promise<void>,
): Promise<void> {
  const golden = readGolden(model);
  const { loss, batch, momentum, weightDecay } = options;
  const learner = await Learner.create({
    engine: engine(),
    model: goldenModel(golden),
    loss,
    optimizer: sgd({ momentum, weightDecay }),
    batchSize: batch,
  });
  try {
    await learner.loadStateDict(goldenState(golden));
    await body(learner, golden);
  } finally {
    await learner.close();
  }
}

function batchOf(
  golden: Golden,
  input: string,
  batch: number,
  offset = 0,
): { images: Float32Array; labels: Int32Array } {
  return {
    images: formulaInput(input, batch, golden.image_size, golden.salt),
    labels: formulaLabels(batch, golden.classes, offset),
  };
}

function checkRows(
  what: string,
  found: Float32Array,
  expected: readonly (readonly number[])[],
  limit: number,
): void {
  expected.forEach((row, n) => {
    const values = found.subarray(n * row.length, (n + 1) * row.length);
    below(`${what}, row ${n}`, relativeError(values, row), limit);
  });
}

function evaluationTest(subject: Running): void {
  const { eval: expected } = readGolden(subject.model);
  it('logits and feature variances in evaluation mode', () =>
    withLearner(subject, { loss: crossEntropyLoss(), batch: expected.batch }, async (learner, golden) => {
      await learner.beginEvaluation({ features: true, featureVariance: true });
      const found = await learner.predict(batchOf(golden, expected.input, expected.batch).images);
      checkRows('logits', found.logits, expected.logits, tolerance(golden, 'eval_logits'));
      below(
        'variances',
        relativeError(found.featureVariance!, expected.features_variance),
        tolerance(golden, 'eval_logits'),
      );
      assert.equal(
        found.features!.length,
        expected.features_shape.reduce((a, b) => a * b),
      );
    }));
}

function gradientTest(subject: Running): void {
  const { train: expected } = readGolden(subject.model);
  it('logits, losses, variances and every gradient in training mode', () =>
    withLearner(subject, { loss: biasLoss(), batch: expected.batch }, async (learner, golden) => {
      const found = await learner.gradients(batchOf(golden, expected.input, expected.batch));
      const limit = tolerance(golden, 'train_logits');
      checkRows('logits', found.logits, expected.logits, limit);
      below('variances', relativeError(found.featureVariance, expected.features_variance), limit);
      below('cross-entropy', relativeError([found.crossEntropy], [expected.cross_entropy]), limit);
      below('bias loss', relativeError([found.loss], [expected.bias_loss_global]), limit);
      assert.deepEqual([...found.gradients.keys()], Object.keys(expected.gradients));
      const errors = summaryErrors(found.gradients, expected.gradients);
      const variants =
        subject.limits?.gradients === 'variants' ? readFloat32Variants(subject.model)?.gradients : undefined;
      const limits = {
        l2: Math.max(tolerance(golden, 'gradients_l2'), 5 * (variants?.l2 ?? 0)),
        first: Math.max(tolerance(golden, 'gradients_first'), 5 * (variants?.first ?? 0)),
      };
      below('norms of gradients', errors.l2, limits.l2);
      below('first values of gradients', errors.first, limits.first);
    }));
}

function buffersTest(subject: Running): void {
  const { train: expected } = readGolden(subject.model);
  it('local bias loss, and the buffers after a training step', () =>
    withLearner(
      subject,
      { loss: biasLoss({ normMode: 'local' }), batch: expected.batch },
      async (learner, golden) => {
        const found = await learner.step(batchOf(golden, expected.input, expected.batch), {
          learningRate: 0.001,
          step: 0,
        });
        below(
          'local bias loss',
          relativeError([found.loss], [expected.bias_loss_local]),
          tolerance(golden, 'train_logits'),
        );
        const state = await learner.stateDict();
        const buffers = new Map([...state].map(([name, tensor]) => [name, floatsOf(tensor)]));
        const errors = summaryErrors(buffers, expected.buffers_after);
        below('buffers', Math.max(errors.l2, errors.first), tolerance(golden, 'buffers_l2'));
      },
    ));
}

/**
 * Limits of each step's loss: five times the file's error, or the greatest of the variants' if there are any.
 * Then a ReLU that rounding switches may be switched a step earlier than it was in PyTorch's runs, whose error
 * of the next step therefore counts, too.
 */
function stepLimits(golden: Golden, key: Trajectory, variants?: readonly number[]): number[] {
  const errors = golden[`sgd_${key}`].inputs.map((_, step) =>
    Math.max(tolerance(golden, `sgd_${key}_loss`, step), 5 * (variants?.[step] ?? 0)),
  );
  return variants ? errors.map((limit, step) => Math.max(limit, errors[step + 1] ?? 0)) : errors;
}

function trajectoryTest(subject: Running, key: Trajectory): void {
  const expected: GoldenTrajectory = readGolden(subject.model)[`sgd_${key}`];
  const variants =
    subject.limits?.trajectories === 'variants' ? readFloat32Variants(subject.model)?.[key] : undefined;
  const settings = {
    loss: losses[key](),
    batch: expected.batch,
    momentum: expected.momentum,
    weightDecay: expected.weight_decay,
  };
  const inputs = expected.inputs.slice(0, subject.steps);
  const title = `${inputs.length} SGD steps under ${key === 'ce' ? 'cross-entropy' : `${key} bias loss`}`;
  it(title, () =>
    withLearner(subject, settings, async (learner, golden) => {
      const limits = stepLimits(golden, key, variants?.loss);
      for (const [step, input] of inputs.entries()) {
        const batch = batchOf(golden, input, expected.batch, step);
        const found = await learner.step(batch, { learningRate: expected.lr, step });
        below(`loss of step ${step}`, relativeError([found.loss], [expected.loss[step]!]), limits[step]!);
      }
      if (inputs.length < expected.inputs.length) return;
      const state = await learner.stateDict();
      for (const [name, norm] of Object.entries(expected.parameters_after)) {
        const error = Math.abs(l2Norm(floatsOf(state.get(name)!)) - norm) / norm;
        const limit = Math.max(tolerance(golden, `sgd_${key}_parameters`), 5 * (variants?.parameters ?? 0));
        below(`norm of ${name}`, error, limit);
      }
      if (key !== 'global') return;
      const minimum = floatsOf((await learner.trainingState()).get(RUNNING_MIN)!);
      below('running minimum', relativeError(minimum, [expected.global_min!]), limits.at(-1)!);
    }),
  );
}

/** Registers the golden tests of a model on an engine. */
export function goldenSuite({ engine: start, ...rest }: GoldenSubject): void {
  let engine: Engine;
  before(async () => {
    engine = await start();
  });
  after(() => engine.close());
  const subject: Running = { ...rest, engine: () => engine };
  evaluationTest(subject);
  gradientTest(subject);
  buffersTest(subject);
  for (const key of subject.trajectories ?? (['global', 'local', 'ce'] as const))
    trajectoryTest(subject, key);
}
