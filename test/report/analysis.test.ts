import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rankClasses } from '../../src/data/images/modelInput.js';
import { createEngine } from '../../src/engines/createEngine.js';
import { fidelityOf } from '../../src/engines/onnx/node/int8/fidelity.js';
import { NodeRuntime } from '../../src/engines/onnx/node/runtime.js';
import { providers } from '../../src/engines/onnx/providers.js';
import type { Model } from '../../src/models/model.js';
import { exportGradCam } from '../../src/report/analysis/exportGradCam.js';
import { enlargedHeat, gradCamProgram } from '../../src/report/analysis/gradCam.js';
import { likelyLabelErrors, notableImages } from '../../src/report/analysis/notable.js';
import { OutcomeCollector, type Outcomes } from '../../src/report/analysis/outcomes.js';
import { planCells } from '../../src/report/cellPlan.js';
import { mostProbable } from '../../src/train/classifier.js';
import { Confusion } from '../../src/train/confusion.js';
import { floatsOf, type StateDictTensors } from '../../src/train/stateDict.js';
import { TINY_SIZE, TinyModel } from '../train/fixtures/tiny.js';

/** Outcomes of images with given classes and probabilities of two classes. */
function outcomesOf(
  images: readonly (readonly [label: number, probabilities: readonly number[]])[],
): Outcomes {
  const classes = images[0]![1].map((_, k) => `c${k}`);
  const collector = new OutcomeCollector(classes, images.length);
  collector.add({
    logits: Float32Array.from(images.flatMap(([, row]) => row.map(Math.log))),
    labels: Int32Array.from(images, ([label]) => label),
    variances: Float32Array.from(images, (_, i) => (i * 7) % images.length),
    count: images.length,
  });
  return collector.result();
}

const close = (found: number, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs(found - expected) <= tolerance, `${found} instead of ${expected}`);

const outcomes = outcomesOf([
  [0, [0.9, 0.1]],
  [0, [0.75, 0.25]],
  [0, [0.02, 0.98]],
  [1, [0.21, 0.79]],
  [1, [0.59, 0.41]],
]);

describe('figures of a model', () => {
  it('are predictions, probabilities and losses', () => {
    assert.deepEqual([...outcomes.predicted], [0, 0, 1, 1, 0]);
    close(outcomes.losses[2]!, -Math.log(0.02), 1e-5);
    close(outcomes.probabilities[5]!, 0.98);
  });
});

describe('a model that gives NaN', () => {
  it('has no figures: NaN is above no other, and the first class would seem to be predicted', () => {
    const broken = new OutcomeCollector(['a', 'b'], 2);
    const logits = Float32Array.of(NaN, NaN, 0, 1);
    broken.add({ logits, labels: Int32Array.of(0, 1), variances: new Float32Array(2), count: 2 });
    assert.throws(() => broken.result(), /^UserError: the model’s logits of 1 of 2 images are not finite/);
    for (const rank of [
      (row: Float32Array) => mostProbable(row, []),
      (row: Float32Array) => rankClasses(row, { classes: [] }),
    ]) {
      assert.throws(() => rank(Float32Array.of(1, NaN)), /^UserError: the model’s logits are not finite$/);
      assert.deepEqual(
        rank(Float32Array.of(0, -Infinity)).map(({ probability }) => probability),
        [1, 0],
      );
    }
    const same = Float32Array.of(NaN, NaN, 0, 1);
    assert.equal(fidelityOf(same, same, 2).agreement, 1 / 2);
  });
});

describe('images that a report shows', () => {
  it('are likely label errors: as sure of another class as usual, the surest first', () => {
    // Class 1's own images have 0.79 and 0.41, on average 0.6; class 0's (0.9 + 0.75 + 0.02)/3 = 0.557.
    assert.deepEqual(likelyLabelErrors(outcomes), [2, 4]);
    const { lowestVariance, highestVariance, greatestLoss } = notableImages(outcomes, 2);
    assert.deepEqual(
      [lowestVariance, highestVariance, greatestLoss],
      [
        [0, 3],
        [2, 4],
        [2, 4],
      ],
    );
  });

  it('are embedded images for every cell before a second one for any', () => {
    const confusion = new Confusion(outcomes.classes);
    for (const [i, label] of outcomes.labels.entries()) confusion.add(label, outcomes.predicted[i]!);
    const plan = planCells(outcomes, outcomes.classes, confusion.rows);
    assert.deepEqual(
      plan.cells.map(({ row, column, count, images }) => [row, column, count, images]),
      [
        [0, 0, 2, [0, 1]],
        [0, 1, 1, [2]],
        [1, 0, 1, [4]],
        [1, 1, 1, [3]],
      ],
    );
  });

  it('are of the classes in most mistakes, where there are too many for a matrix', () => {
    // All images of 60 classes are taken for the last one, which is thus in every mistake; the first 5 have two images, and the others one.
    const names = Array.from({ length: 60 }, (_, k) => `c${k}`);
    const taken = names.map((_, k) => (k === 59 ? 1 : 0));
    const labels = [...names.keys(), 0, 1, 2, 3, 4];
    const plan = planCells(
      outcomesOf(labels.map((label) => [label, taken])),
      names,
      names.map((_, label) => Uint32Array.from(taken, (one) => one * (label < 5 ? 2 : 1))),
    );
    assert.equal(plan.names.length, 50);
    assert.ok(
      [...names.slice(0, 49), 'c59'].every((name) => plan.names.includes(name)),
      plan.names.join(),
    );
    assert.ok(plan.cells.every(({ column }) => column === 49));
    assert.equal(
      plan.cells.reduce((sum, { count }) => sum + count, 0),
      55,
    );
  });
});

/** The class that heat is wanted for. */
const CHOSEN = Float32Array.of(0, 1, 0);

/** Grad-CAM of one image by the reference engine. */
async function heatOf(model: Model, state: StateDictTensors, images: Float32Array): Promise<Float32Array> {
  const engine = await createEngine('reference');
  try {
    const variables = await engine.variables([...state].map(([name, { shape }]) => ({ name, shape })));
    await variables.write(new Map([...state].map(([name, tensor]) => [name, floatsOf(tensor)])));
    const executable = await engine.compile(gradCamProgram(model, 1), { variables });
    const { heat } = await executable.run({ images: images.slice(), chosen: CHOSEN.slice() });
    return heat as Float32Array;
  } finally {
    await engine.close();
  }
}

describe('Grad-CAM', () => {
  it('weighs channels by the gradient of the chosen logit', async () => {
    const model = new TinyModel();
    const engine = await createEngine('reference');
    try {
      const entries = model.stateEntries().filter(({ kind }) => kind !== 'counter');
      const values = await engine.variables(entries);
      const state = new Map(entries.map(({ name, parameter }) => [name, parameter.initialise(5, name)]));
      await values.write(state);
      const executable = await engine.compile(gradCamProgram(model, 2), { variables: values });
      const images = Float32Array.from({ length: 2 * 3 * TINY_SIZE ** 2 }, (_, i) => Math.sin(i * i));
      const { heat } = await executable.run({
        images: images.slice(),
        chosen: Float32Array.of(0, 1, 0, 0, 0, 1),
      });
      // The classifier is global pooling and a linear layer: the gradient is its weight divided by the positions.
      const { evaluationProgram } = await import('../../src/train/programs.js');
      const evaluation = await engine.compile(evaluationProgram(model, 2, { features: true }), {
        variables: values,
      });
      const { features } = await evaluation.run({ images });
      const positions = heat!.length / 2;
      const weight = state.get('fc.weight')!;
      for (let n = 0; n < 2; n++) {
        const label = n + 1;
        for (let at = 0; at < positions; at++) {
          let sum = 0;
          for (let c = 0; c < 4; c++)
            sum += (features![(n * 4 + c) * positions + at]! * weight[label * 4 + c]!) / positions;
          close(heat![n * positions + at]!, Math.max(0, sum), 1e-5);
        }
      }
      assert.ok(heat!.some((value) => value > 1e-4));
    } finally {
      await engine.close();
    }
  });

  it('is enlarged by bilinear interpolation, from 0 to 1', () => {
    const heat = enlargedHeat(Float32Array.of(0, 2, 4, 2), { height: 2, width: 2, size: 4 });
    assert.deepEqual([...heat.subarray(0, 4)], [0, 0.125, 0.375, 0.5]);
    assert.equal(heat[12], 1);
    assert.ok(
      enlargedHeat(new Float32Array(4), { height: 2, width: 2, size: 3 }).every((value) => value === 0),
    );
  });
});

describe('Grad-CAM as ONNX', () => {
  it('takes bytes or floats, and gives what the engine does', async () => {
    const model = new TinyModel();
    const entries = model.stateEntries().filter(({ kind }) => kind !== 'counter');
    const state = new Map(
      entries.map(({ name, shape, parameter }) => [
        name,
        { dtype: 'f32' as const, shape, data: parameter.initialise(5, name) },
      ]),
    );
    const data = { classes: ['a', 'b', 'c'], mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] };
    const bytes = Uint8Array.from({ length: 3 * TINY_SIZE ** 2 }, (_, i) => (37 * i * i) % 256);
    const planes = Float32Array.from(bytes, (_, i) => {
      const plane = TINY_SIZE ** 2;
      return bytes[3 * (i % plane) + Math.floor(i / plane)]!;
    });
    const expected = await heatOf(model, state, planes);
    const runtime = new NodeRuntime({ provider: providers.cpu, threads: 1 });
    for (const [includePreprocessing, images] of [
      [false, runtime.tensor(planes, [1, 3, TINY_SIZE, TINY_SIZE])],
      [true, runtime.tensor(bytes, [1, TINY_SIZE, TINY_SIZE, 3])],
    ] as const) {
      const onnx = exportGradCam(model, state, { ...data, includePreprocessing });
      const session = await runtime.session(onnx, { optimise: true, externalData: [] });
      const feeds = { images, chosen: runtime.tensor(CHOSEN, [1, 3]) };
      const [heat] = await session.run(feeds, [{ name: 'heat', type: undefined, toHost: true }]);
      const found = await runtime.read(heat!);
      for (const [i, value] of expected.entries()) close(found[i]!, value, 1e-4 * Math.max(1, value));
      await session.release();
    }
    assert.ok(expected.some((value) => value > 1e-4));
  });
});
