import type { SourceKind } from '../../reference/kernel.js';
import type { PlanKind, PlanNode } from '../plan/planNode.js';
import type { Planner } from '../plan/planner.js';
import { batchNormLowerings } from './batchNorm.js';
import { convLowerings } from './conv.js';
import { crossEntropyLowerings } from './crossEntropy.js';
import { elementwiseLowerings } from './elementwise.js';
import type { Lowerings } from './lowering.js';
import { matmulLowerings } from './matmul.js';
import { poolLowerings } from './pooling.js';
import { reduceLowerings } from './reduce.js';
import { sgdLowerings } from './sgd.js';
import { shapeLowerings } from './shape.js';

/** Operations of a plan that compute. */
export type LoweredKind = Exclude<PlanKind, SourceKind>;

/** The lowering of every operation that computes. */
const lowerings: Lowerings<LoweredKind> = {
  ...convLowerings,
  ...matmulLowerings,
  ...batchNormLowerings,
  ...elementwiseLowerings,
  ...reduceLowerings,
  ...poolLowerings,
  ...shapeLowerings,
  ...sgdLowerings,
  ...crossEntropyLowerings,
};

/** Adds the steps of a node to a plan. */
export function lowerNode<K extends LoweredKind>(planner: Planner, node: PlanNode<K>): void {
  const lowering: Lowerings<LoweredKind>[K] = lowerings[node.kind];
  lowering(planner, node);
}
