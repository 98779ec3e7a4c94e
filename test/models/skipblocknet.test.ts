import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { describeModel } from '../../src/models/describe.js';
import { createModel } from '../../src/models/registry.js';
import { skipblockNetVariants } from '../../src/models/skipblocknet.js';
import { sgd } from '../../src/optim/sgd.js';
import { Learner } from '../../src/train/learner.js';
import { floatsOf } from '../../src/train/stateDict.js';
import { formulaInput, formulaLabels } from '../support/formula.js';

const BATCH = 4;
const CLASSES = 10;

interface Trained {
  readonly logits: number;
  /** Names of parameters whose gradient is zero or not finite. */
  readonly dead: string[];
  /** Names of parameters that a step leaves as they were. */
  readonly unmoved: string[];
}

/** Trains a step under the bias loss. */
async function trained(options: { width: number; imageSize: number }): Promise<Trained> {
  const model = createModel({ name: 'skipblocknet', classes: CLASSES, ...options });
  const engine = await createEngine('onnx');
  try {
    const optimizer = sgd({ weightDecay: 0 });
    const learner = await Learner.create({ engine, model, loss: biasLoss(), optimizer, batchSize: BATCH });
    const images = formulaInput('step', BATCH, options.imageSize);
    const labels = formulaLabels(BATCH, CLASSES);
    const { gradients, logits } = await learner.gradients({ images: images.slice(), labels: labels.slice() });
    const parameters = model.stateEntries().filter(({ kind }) => kind === 'parameter');
    assert.deepEqual(
      [...gradients.keys()],
      parameters.map(({ name }) => name),
    );
    const dead = [...gradients].filter(([, g]) => !(g.some((x) => x !== 0) && g.every(Number.isFinite)));
    const before = await learner.stateDict();
    await learner.step({ images, labels }, { learningRate: 0.1, step: 0 });
    const after = await learner.stateDict();
    const unmoved = parameters.filter(({ name }) => {
      const old = floatsOf(before.get(name)!);
      return floatsOf(after.get(name)!).every((value, i) => value === old[i]);
    });
    return {
      logits: logits.length,
      dead: dead.map(([name]) => name),
      unmoved: unmoved.map(({ name }) => name),
    };
  } finally {
    await engine.close();
  }
}

describe('SkipblockNet', () => {
  for (const [variant, width] of Object.entries(skipblockNetVariants)) {
    it(`${variant} trains a step, and every parameter has a gradient`, async () => {
      const { logits, dead, unmoved } = await trained({ width, imageSize: 64 });
      assert.equal(logits, BATCH * CLASSES);
      assert.deepEqual(dead, []);
      assert.deepEqual(unmoved, []);
    });
  }

  it('takes sizes that its strides do not divide', async () => {
    for (const imageSize of [33, 75]) {
      const { dead } = await trained({ width: 0.5, imageSize });
      assert.deepEqual(dead, [], `${imageSize} pixels`);
    }
  });

  it('refuses images with fewer pixels than its strides make of one, and widths that are none', () => {
    const make = (imageSize: number, width = 1) =>
      createModel({ name: 'skipblocknet', classes: CLASSES, imageSize, width });
    for (const size of [1, 16, 31, 64.5])
      assert.throws(
        () => make(size),
        new RegExp(`skipblocknet takes images of 32 pixels or more, not ${size}$`),
      );
    for (const width of [0, -1, 9])
      assert.throws(() => make(224, width), /skipblocknet has the width above 0 and at most 8, not/);
  });

  it('has the multiply-adds of the paper’s variants, within a seventh', () => {
    const paper = { xs: 80, s: 150, m: 246, l: 365 };
    for (const [variant, width] of Object.entries(skipblockNetVariants)) {
      const { macs } = describeModel(createModel({ name: 'skipblocknet', classes: 1000, width }));
      const share = macs / 1e6 / paper[variant as keyof typeof paper];
      assert.ok(share > 0.86 && share < 1.15, `${variant}: ${share} of the paper's`);
    }
  });
});
