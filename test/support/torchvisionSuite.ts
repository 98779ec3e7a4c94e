import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import type { Engine } from '../../src/engines/engine.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { families } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { Learner } from '../../src/train/learner.js';
import { floatsOf } from '../../src/train/stateDict.js';
import { formulaInput, formulaLabels } from './formula.js';
import { LEAST_NORM, l2Norm, relativeError } from './golden.js';
import { formulaTensors } from './models.js';
import { readTorchvisionGolden, type TorchvisionGolden } from './torchvisionGolden.js';

/** What the suite runs on. */
export interface TorchvisionSubject {
  readonly model: string;
  /** Starts an engine of its own for a test. */
  readonly engine: () => Promise<Engine>;
}

type Body = (
  learner: Learner,
  golden: TorchvisionGolden,
  limits: TorchvisionGolden['float32_error'],
) => Promise<void>;

/** Runs `body` with a learner that holds the formula's weights; nothing is dropped. */
async function withLearner(subject: TorchvisionSubject, body: Body): Promise<void> {
  const golden = readTorchvisionGolden(subject.model);
  const engine = await subject.engine();
  try {
    const { momentum, weight_decay: weightDecay } = golden.sgd;
    const model = modelOf(golden);
    const optimizer = sgd({ momentum, weightDecay });
    const learner = await Learner.create({
      engine,
      model,
      loss: biasLoss(),
      optimizer,
      batchSize: golden.batch,
    });
    await learner.loadStateDict(formulaTensors(model));
    await body(learner, golden, limitsOf(golden));
    await learner.close();
  } finally {
    await engine.close();
  }
}

/** The golden numbers' model, with probabilities of dropping set to 0. */
function modelOf({ model: name, classes, image_size: imageSize }: TorchvisionGolden) {
  const { family } = families.declarationOf(name)!;
  const off = Object.fromEntries(Object.keys(family.options).map((key) => [key, 0]));
  return families.create({ name, classes, imageSize, ...off });
}

/** Five times the errors of PyTorch's float32, or 1e-5 where that is larger. */
function limitsOf({ float32_error: errors }: TorchvisionGolden): TorchvisionGolden['float32_error'] {
  const limit = (error: number): number => Math.max(5 * error, 1e-5);
  const { losses, ...rest } = errors;
  const single = Object.fromEntries(Object.entries(rest).map(([key, error]) => [key, limit(error)]));
  return { ...errors, ...single, losses: losses.map(limit) };
}

function below(what: string, error: number, limit: number): void {
  assert.ok(
    error <= limit,
    `${what}: relative error ${error.toExponential(2)} is above ${limit.toExponential(2)}`,
  );
}

function batchOf({ batch, image_size, classes }: TorchvisionGolden, name: string, offset = 0) {
  return { images: formulaInput(name, batch, image_size), labels: formulaLabels(batch, classes, offset) };
}

function checkRows(found: Float32Array, rows: readonly (readonly number[])[], limit: number): void {
  rows.forEach((row, n) => {
    const values = found.subarray(n * row.length, (n + 1) * row.length);
    below(`logits of image ${n}`, relativeError(values, row), limit);
  });
}

/** Entries of the state dict, by kind, in order. */
function namesOf(learner: Learner, kind: 'parameter' | 'buffer'): string[] {
  return learner.model.stateEntries().flatMap((entry) => (entry.kind === kind ? [entry.name] : []));
}

async function checkNorms(
  learner: Learner,
  kind: 'parameter' | 'buffer',
  norms: readonly number[],
  limit: number,
): Promise<void> {
  const state = await learner.stateDict();
  const names = namesOf(learner, kind);
  assert.equal(names.length, norms.length);
  for (const [i, name] of names.entries())
    if (norms[i]! >= LEAST_NORM)
      below(`norm of ${name}`, relativeError([l2Norm(floatsOf(state.get(name)!))], [norms[i]!]), limit);
}

/** Checks norms and first values, unless these are rounding errors of a large tensor. */
function checkGradients(
  found: ReadonlyMap<string, Float32Array>,
  expected: TorchvisionGolden['train']['gradients'],
  limits: { readonly gradients_l2: number; readonly gradients_first: number },
): void {
  assert.equal(found.size, expected.length);
  for (const [i, [name, values]] of [...found].entries()) {
    const [l2, ...first] = expected[i]!;
    if (l2 < LEAST_NORM) continue;
    below(`norm of the gradient of ${name}`, Math.abs(l2Norm(values) - l2) / l2, limits.gradients_l2);
    if (Math.max(...first.map(Math.abs)) >= 1e-3 * l2)
      below(`first gradients of ${name}`, relativeError(values, first), limits.gradients_first);
  }
}

/** Names, shapes and number of parameters: what a checkpoint of torchvision has to fit. */
export function stateDictTest(name: string): void {
  it(`${name} has torchvision's state dict`, () => {
    const golden = readTorchvisionGolden(name);
    const entries = modelOf(golden).stateEntries();
    const lines = entries.map((entry) => `${entry.name} ${entry.shape.join('x')}\n`).join('');
    assert.equal(entries.length, golden.state_dict.entries);
    assert.equal(createHash('sha256').update(lines).digest('hex'), golden.state_dict.sha256);
    assert.equal(families.create({ name, classes: 1000 }).parameterCount, golden.parameters);
  });
}

/** Registers the golden tests of a model on an engine. */
export function torchvisionSuite(subject: TorchvisionSubject): void {
  it('logits and variances in evaluation mode', () =>
    withLearner(subject, async (learner, golden, limits) => {
      await learner.beginEvaluation({ featureVariance: true });
      const found = await learner.predict(batchOf(golden, 'eval').images);
      checkRows(found.logits, golden.eval.logits, limits.eval);
      below('variances', relativeError(found.featureVariance!, golden.eval.variance), limits.eval);
    }));
  it('logits, losses and every gradient in training mode', () =>
    withLearner(subject, async (learner, golden, limits) => {
      const { train } = golden;
      const found = await learner.gradients(batchOf(golden, 'train'));
      checkRows(found.logits, train.logits, limits.train);
      below('cross-entropy', relativeError([found.crossEntropy], [train.cross_entropy]), limits.train);
      below('bias loss', relativeError([found.loss], [train.bias_loss]), limits.train);
      checkGradients(found.gradients, train.gradients, limits);
    }));
  it('running statistics after a step', () =>
    withLearner(subject, async (learner, golden, limits) => {
      await learner.step(batchOf(golden, 'train'), { learningRate: 0, step: 0 });
      await checkNorms(learner, 'buffer', golden.train.buffers_after, limits.buffers);
    }));
  it('three SGD steps under bias loss', () =>
    withLearner(subject, async (learner, golden, limits) => {
      for (const [step, loss] of golden.sgd.loss.entries()) {
        const found = await learner.step(batchOf(golden, `step${step}`, step), {
          learningRate: golden.sgd.lr,
          step,
        });
        below(`loss of step ${step}`, relativeError([found.loss], [loss]), limits.losses[step]!);
      }
      await checkNorms(learner, 'parameter', golden.sgd.parameters_after, limits.parameters);
    }));
}
