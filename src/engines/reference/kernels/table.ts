import type { OpAttributes } from '../../../graph/op.js';
import type { LocalKind } from '../../fusion/sources.js';
import type { Dense, Kernels } from '../kernel.js';
import { adaptiveKernels } from './adaptive.js';
import { batchNormKernels } from './batchNorm.js';
import { convKernels } from './conv.js';
import { crossEntropyKernels } from './crossEntropy.js';
import { elementwiseKernels } from './elementwise.js';
import { matmulKernels } from './matmul.js';
import { poolKernels } from './pooling.js';
import { reduceKernels } from './reduce.js';
import { sgdKernels } from './sgd.js';
import { shapeKernels } from './shape.js';
import { softTargetKernels } from './softTargets.js';

/** The kernel of every operation that computes on its own. */
const kernels: Kernels<LocalKind> = {
  ...convKernels,
  ...matmulKernels,
  ...batchNormKernels,
  ...elementwiseKernels,
  ...reduceKernels,
  ...crossEntropyKernels,
  ...softTargetKernels,
  ...poolKernels,
  ...shapeKernels,
  ...sgdKernels,
  ...adaptiveKernels,
};

/**
 * Computes one operation on arrays, of 32 or 64 bits.
 *
 * @param inputs as many and of such shapes as the operation's shape rule takes
 * @param outputs of the shapes that the rule gives; they are overwritten and must not overlap the inputs
 */
export function runKernel<K extends LocalKind>(
  kind: K,
  attributes: OpAttributes[K],
  inputs: readonly Dense[],
  outputs: readonly Dense[],
): void {
  const kernel: Kernels<LocalKind>[K] = kernels[kind];
  kernel(attributes, inputs, outputs);
}
