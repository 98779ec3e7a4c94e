import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import type { Engine } from '../../src/engines/engine.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import type { Model } from '../../src/models/model.js';
import { families } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { Learner } from '../../src/train/learner.js';
import { evaluationProgram } from '../../src/train/programs.js';
import { floatsOf } from '../../src/train/stateDict.js';
import { formulaInput, formulaLabels } from './formula.js';
import { LEAST_NORM, l2Norm, relativeError } from './golden.js';
import { formulaTensors } from './models.js';
import { onReference } from './reference.js';
import { readTorchvisionGolden, type TorchvisionGolden } from './torchvisionGolden.js';

type Limits = TorchvisionGolden['float32_error'];

/** What the suite runs on. */
export interface TorchvisionSubject {
  readonly model: string;
  /** Starts an engine of its own for the model's tests. */
  readonly engine: () => Promise<Engine>;
  /**
   * Greatest relative errors: five times those of PyTorch's float32, or 1e-5 where that is larger (`float32`); or 1e-6,
   * as results are rounded to 32 bits (`double`), and in evaluation 1e-5, as folding rounds the weights, too.
   */
  readonly limits: 'float32' | 'double';
}

/**
 * Models with a ReLU whose input is nearer to zero than float32 can tell, in a layer of so few pixels that its sign decides digits of the
 * gradients of all layers before it; the first parameter after it. In repvgg_a0 it is −1.4e-5 (stages.2.9, channel 92), where PyTorch's
 * own float32 errs by 5.6e-6 to 2.4e-5, the root of the mean square over that layer.
 */
const SIGNS_OF_LUCK: Readonly<Record<string, string>> = { repvgg_a0: 'stages.2.10.identity.weight' };

/** Greatest relative error in double precision. */
const DOUBLE_LIMIT = 1e-6;

/** Greatest relative errors of gradients before such a layer: of norms, and of first values. */
const OTHER_SIGN = { gradients_l2: 5e-3, gradients_first: 0.2 };

/** The golden numbers' model, with probabilities of dropping set to 0. */
function modelOf({ model: name, classes, image_size: imageSize }: TorchvisionGolden): Model {
  const { family } = families.declarationOf(name)!;
  const off = Object.fromEntries(Object.keys(family.options).map((key) => [key, 0]));
  return families.create({ name, classes, imageSize, ...off });
}

/** A learner that holds the formula's weights. */
async function learnerOf(golden: TorchvisionGolden, engine: Engine): Promise<Learner> {
  const { momentum, weight_decay: weightDecay } = golden.sgd;
  const model = modelOf(golden);
  const optimizer = sgd({ momentum, weightDecay });
  const options = { engine, model, loss: biasLoss(), optimizer, batchSize: golden.batch };
  const learner = await Learner.create(options);
  await learner.loadStateDict(formulaTensors(model));
  return learner;
}

/**
 * A ReLU's input near zero may fall on the other side a step earlier than in PyTorch's runs, whose error of the next
 * step therefore counts, too.
 */
function limitsOf({ float32_error: errors }: TorchvisionGolden, kind: TorchvisionSubject['limits']): Limits {
  const limit = (error: number): number => (kind === 'double' ? DOUBLE_LIMIT : Math.max(5 * error, 1e-5));
  return {
    eval: kind === 'double' ? 1e-5 : limit(errors.eval),
    train: limit(errors.train),
    gradients_l2: limit(errors.gradients_l2),
    gradients_first: limit(errors.gradients_first),
    buffers: limit(errors.buffers),
    losses: errors.losses.map((error, step, { [step + 1]: next = 0 }) =>
      limit(Math.max(error, step > 0 ? next : 0)),
    ),
    parameters: limit(errors.parameters),
  };
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

function checkRows(
  found: ArrayLike<number>,
  rows: readonly (readonly number[])[],
  limit: number,
  what = 'logits',
): void {
  rows.forEach((row, n) => {
    const values = Array.from(row, (_, i) => found[n * row.length + i]!);
    below(`${what} of image ${n}`, relativeError(values, row), limit);
  });
}

async function checkNorms(
  learner: Learner,
  kind: 'parameter' | 'buffer',
  norms: readonly number[],
  limit: number,
): Promise<void> {
  const state = await learner.stateDict();
  const names = learner.model.stateEntries().flatMap((entry) => (entry.kind === kind ? [entry.name] : []));
  assert.equal(names.length, norms.length);
  for (const [i, name] of names.entries())
    if (norms[i]! >= LEAST_NORM)
      below(`norm of ${name}`, relativeError([l2Norm(floatsOf(state.get(name)!))], [norms[i]!]), limit);
}

/** Checks norms and first values, unless these are rounding errors of a large tensor. */
function checkGradients(
  found: ReadonlyMap<string, Float32Array>,
  { train: { gradients: expected }, model }: TorchvisionGolden,
  limits: Limits,
): void {
  assert.equal(found.size, expected.length);
  const names = [...found.keys()];
  const certain =
    limits.train > DOUBLE_LIMIT && model in SIGNS_OF_LUCK ? names.indexOf(SIGNS_OF_LUCK[model]!) : 0;
  assert.ok(certain >= 0);
  for (const [i, [name, values]] of [...found].entries()) {
    const [l2, ...first] = expected[i]!;
    if (l2 < LEAST_NORM) continue;
    const limit = i < certain ? OTHER_SIGN : limits;
    below(`norm of the gradient of ${name}`, Math.abs(l2Norm(values) - l2) / l2, limit.gradients_l2);
    if (Math.max(...first.map(Math.abs)) >= 1e-3 * l2)
      below(`first gradients of ${name}`, relativeError(values, first), limit.gradients_first);
  }
}

async function checkEvaluation(learner: Learner, golden: TorchvisionGolden, limits: Limits): Promise<void> {
  await learner.beginEvaluation({ featureVariance: true });
  const found = await learner.predict(batchOf(golden, 'eval').images);
  await learner.endEvaluation();
  checkRows(found.logits, golden.eval.logits, limits.eval);
  below('variances', relativeError(found.featureVariance!, golden.eval.variance), limits.eval);
}

async function checkTraining(learner: Learner, golden: TorchvisionGolden, limits: Limits): Promise<void> {
  const { train } = golden;
  const found = await learner.gradients(batchOf(golden, 'train'));
  checkRows(found.logits, train.logits, limits.train);
  below('cross-entropy', relativeError([found.crossEntropy], [train.cross_entropy]), limits.train);
  below('bias loss', relativeError([found.loss], [train.bias_loss]), limits.train);
  checkGradients(found.gradients, golden, limits);
}

async function checkSteps(learner: Learner, golden: TorchvisionGolden, limits: Limits): Promise<void> {
  const { inputs, loss, lr: learningRate, parameters_after } = golden.sgd;
  for (const [step, input] of inputs.entries()) {
    const found = await learner.step(batchOf(golden, input, step), { learningRate, step });
    below(`loss of step ${step}`, relativeError([found.loss], [loss[step]!]), limits.losses[step]!);
    if (step === 0) await checkNorms(learner, 'buffer', golden.train.buffers_after, limits.buffers);
  }
  await checkNorms(learner, 'parameter', parameters_after, limits.parameters);
}

/** Names, shapes and number of parameters: what a checkpoint of torchvision or timm has to fit. */
export function stateDictTest(name: string): void {
  it(`${name} has the published state dict`, () => {
    const golden = readTorchvisionGolden(name);
    const entries = modelOf(golden).stateEntries();
    const lines = entries.map((entry) => `${entry.name} ${entry.shape.join('x')}\n`).join('');
    assert.equal(entries.length, golden.state_dict.entries);
    assert.equal(createHash('sha256').update(lines).digest('hex'), golden.state_dict.sha256);
    assert.equal(families.create({ name, classes: 1000 }).parameterCount, golden.parameters);
  });
}

/** Evaluation in double precision throughout, without folding. */
export function exactEvaluationTest(name: string): void {
  it('logits and variances of evaluation without any rounding', () => {
    const golden = readTorchvisionGolden(name);
    const model = modelOf(golden);
    const tensors = [...formulaTensors(model)].map(([key, value]) => [key, floatsOf(value)] as const);
    const program = evaluationProgram(model, golden.batch, { featureVariance: true });
    const { images } = batchOf(golden, 'eval');
    const found = onReference(program, new Map(tensors)).executable.runExact({ images });
    checkRows(found.logits!, golden.eval.logits, 1e-8);
    below('variances', relativeError(found.featureVariance!, golden.eval.variance), 1e-8);
  });
}

/** Registers the golden tests of a model on an engine; one learner serves all, as programs take long to compile. */
export function torchvisionSuite(title: string, subject: TorchvisionSubject): void {
  describe(title, () => {
    const golden = readTorchvisionGolden(subject.model);
    const limits = limitsOf(golden, subject.limits);
    let engine: Engine;
    let learner: Learner;
    before(async () => {
      engine = await subject.engine();
      learner = await learnerOf(golden, engine);
    });
    after(() => engine.close());
    it('logits and variances in evaluation mode', () => checkEvaluation(learner, golden, limits));
    it('logits, losses and every gradient in training mode', () => checkTraining(learner, golden, limits));
    it('three SGD steps under bias loss, and running statistics after the first', () =>
      checkSteps(learner, golden, limits));
  });
}

/** Registers a test of evaluation alone, which compiles little. */
export function evaluationTest({ model, engine, limits }: TorchvisionSubject): void {
  it(`${model}: logits and variances in evaluation mode`, async () => {
    const golden = readTorchvisionGolden(model);
    const own = await engine();
    try {
      await checkEvaluation(await learnerOf(golden, own), golden, limitsOf(golden, limits));
    } finally {
      await own.close();
    }
  });
}
