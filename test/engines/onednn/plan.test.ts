/** Plans of training steps as oneDNN's layouts make them; nothing is executed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Precision } from '../../../src/engines/engine.js';
import { bindLibrary } from '../../../src/engines/onednn/bindLibrary.js';
import type { Block, Dnnl } from '../../../src/engines/onednn/dnnl.js';
import { loadLibrary } from '../../../src/engines/onednn/library.js';
import type { PlanBuffer } from '../../../src/engines/onednn/plan/place.js';
import { planProgram } from '../../../src/engines/onednn/plan/plan.js';
import { readsOf, writesOf } from '../../../src/engines/onednn/plan/step.js';
import { Rules } from '../../../src/engines/onednn/ways/rules.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { createModel, type ModelOptions } from '../../../src/models/registry.js';
import { sgd } from '../../../src/optim/sgd.js';
import { trainProgram } from '../../../src/train/programs.js';
import { onednnMissing } from '../../support/onednn.js';

const skips: Readonly<Record<Exclude<Precision, 'tf32'>, string | false>> = {
  f32: await onednnMissing(),
  bf16: await onednnMissing('bf16'),
};
const BATCH = 8;

/** A reorder of a plan: which variable its contents come from, if from one, and what they become. */
interface Reorder {
  readonly variable: string | undefined;
  readonly isUpdate: boolean;
  readonly shape: readonly number[];
  readonly target: string;
}

/** The reorders of a training step, those of the updates, too. */
function reordersOf(
  dnnl: Dnnl,
  block: Block | undefined,
  options: ModelOptions,
  precision: Precision,
): Reorder[] {
  const program = trainProgram(createModel(options), biasLoss(), sgd(), BATCH);
  const settings = {
    activation: precision === 'bf16' ? 'bf16' : 'f32',
    block,
    usesKernels: block === 8,
  } as const;
  const ways = new Rules({ ...settings, traits: dnnl.traits, fastBf16: false, hasTiles: false });
  const { steps } = planProgram(dnnl, program, { ...settings, ways });
  const origins = new Map<PlanBuffer, string>();
  return steps.flatMap((step): Reorder[] => {
    if (step.kind !== 'primitive' || step.spec.kind !== 'reorder') return [];
    const [from, to] = [readsOf(step)[0]!.buffer, writesOf(step)[0]!.buffer];
    const variable = from.variable ?? origins.get(from);
    const isUpdate = to.storage === 'variable';
    if (variable !== undefined && !isUpdate) origins.set(to, variable);
    return [{ variable, isUpdate, shape: step.spec.src.shape, target: step.spec.dst.key }];
  });
}

for (const options of [{ name: 'resnet18' }, { name: 'shufflenetv2', ratio: 0.5 }] as const) {
  for (const precision of ['f32', 'bf16'] as const) {
    test(`${options.name} in ${precision}: a weight is reordered once a step for each layout`, {
      skip: skips[precision],
    }, () => {
      const library = loadLibrary();
      const dnnl = bindLibrary(library);
      try {
        const reorders = reordersOf(dnnl, library.block, { ...options, classes: 10 }, precision);
        const targets = new Map<string, string[]>();
        for (const { variable, isUpdate, shape, target } of reorders) {
          if (variable === undefined || isUpdate || shape.length < 4) continue;
          targets.set(variable, [...(targets.get(variable) ?? []), target]);
        }
        assert.ok(targets.size >= 20, `${targets.size} weights`);
        for (const [name, layouts] of targets) {
          assert.equal(new Set(layouts).size, layouts.length, `${name} twice into a layout`);
          assert.ok(layouts.length <= 2, `${name}: a forward and a backward layout, not ${layouts.length}`);
        }
      } finally {
        dnnl.close();
      }
    });
  }
}

test('resnet18 in f32: images keep their layout from the first convolution to the features', {
  skip: skips.f32,
}, () => {
  const library = loadLibrary();
  const dnnl = bindLibrary(library);
  try {
    const reorders = reordersOf(dnnl, library.block, { name: 'resnet18', classes: 10 }, 'f32');
    const images = reorders.filter(({ shape }) => shape.length === 4 && shape[0] === BATCH);
    // Two of the features, for the classifier and their variance, and one of their gradient.
    assert.ok(images.length <= 3, `${images.length} reorders of images`);
    assert.ok(reorders.length > images.length);
  } finally {
    dnnl.close();
  }
});
