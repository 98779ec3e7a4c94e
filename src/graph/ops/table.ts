import type { OpAttributes, OpKind, ShapeRules } from '../op.js';
import type { GradientRules } from '../tensor.js';
import type { TensorType } from '../tensorType.js';
import { adaptiveGradients, adaptiveShapes } from './adaptive.js';
import { averageGradients, averageShapes } from './average.js';
import { batchNormGradients, batchNormShapes } from './batchNorm.js';
import { collectiveGradients, collectiveShapes } from './collective.js';
import { convGradients, convShapes } from './conv.js';
import { crossEntropyGradients, crossEntropyShapes } from './crossEntropy.js';
import { elementwiseGradients, elementwiseShapes } from './elementwise.js';
import { matmulGradients, matmulShapes } from './matmul.js';
import { poolGradients, poolShapes } from './pooling.js';
import { reduceGradients, reduceShapes } from './reduce.js';
import { sgdGradients, sgdShapes } from './sgd.js';
import { shapeGradients, shapeShapes } from './shape.js';
import { softTargetGradients, softTargetShapes } from './softTargets.js';
import { sourceGradients, sourceShapes } from './sources.js';

/** The shape rule of every operation. */
const shapeRules: ShapeRules<OpKind> = {
  ...sourceShapes,
  ...convShapes,
  ...matmulShapes,
  ...batchNormShapes,
  ...elementwiseShapes,
  ...reduceShapes,
  ...crossEntropyShapes,
  ...softTargetShapes,
  ...poolShapes,
  ...shapeShapes,
  ...sgdShapes,
  ...adaptiveShapes,
  ...averageShapes,
  ...collectiveShapes,
};

/** The gradient rule of every operation. */
export const gradientRules: GradientRules<OpKind> = {
  ...sourceGradients,
  ...convGradients,
  ...matmulGradients,
  ...batchNormGradients,
  ...elementwiseGradients,
  ...reduceGradients,
  ...crossEntropyGradients,
  ...softTargetGradients,
  ...poolGradients,
  ...shapeGradients,
  ...sgdGradients,
  ...adaptiveGradients,
  ...averageGradients,
  ...collectiveGradients,
};

/**
 * Types of an operation's outputs.
 *
 * @throws GraphError when the operation refuses the inputs.
 */
export function inferTypes<K extends OpKind>(
  kind: K,
  attributes: OpAttributes[K],
  inputs: readonly TensorType[],
): TensorType[] {
  const rule: ShapeRules<OpKind>[K] = shapeRules[kind];
  return rule(attributes, inputs);
}
