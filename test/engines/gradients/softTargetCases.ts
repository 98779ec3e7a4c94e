import { add } from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import { oneHot, softTargetCrossEntropy } from '../../../src/graph/ops/softTargets.js';
import type { GradientCase } from '../../support/gradientCheck.js';
import { Samples } from '../../support/samples.js';

/** Numbers of at least 0 whose rows need not sum to 1. */
function targets(images: number, classes: number): Float32Array {
  const samples = new Samples(`targets of ${images} × ${classes}`);
  return Float32Array.from(samples.floats([images, classes], 0, 2 / classes));
}

function softTargets(images: number, classes: number): GradientCase {
  return {
    name: `softTargetCrossEntropy of ${images} × ${classes}`,
    inputs: [
      { shape: [images, classes], low: -4, high: 4 },
      { shape: [images, classes], fixed: targets(images, classes) },
    ],
    build: ([logits, soft]) => softTargetCrossEntropy(logits!, soft!).loss,
  };
}

/** Cross-entropy with distributions as targets. */
export const softTargetCases: readonly GradientCase[] = [
  softTargets(5, 4),
  {
    name: 'oneHot',
    inputs: [
      { shape: [5, 4], low: -1, high: 1 },
      { shape: [5], fixed: new Samples('labels of oneHot').labels(5, 4) },
    ],
    build: ([x, labels]) => add(oneHot(labels!, 4), sum(x!, [1], true)),
  },
];

/** The same of tensors that are large enough for primitives. */
export const largeSoftTargetCases: readonly GradientCase[] = [softTargets(32, 100)];
