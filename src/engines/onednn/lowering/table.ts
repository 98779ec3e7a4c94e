import type { FusedNode, FusionChoice, FusionName } from '../../fusion/fuse.js';
import type { EngineNode, NodeOf } from '../../fusion/node.js';
import type { SourceKind } from '../../fusion/sources.js';
import type { Draft } from '../plan/draft.js';
import { adaptiveLowerings } from './adaptive.js';
import { batchNormLowerings } from './batchNorm.js';
import { collectiveLowerings } from './collective.js';
import { convLowerings } from './conv.js';
import { crossEntropyLowerings } from './crossEntropy.js';
import { elementwiseLowerings } from './elementwise.js';
import type { Lowerings } from './lowering.js';
import { matmulLowerings } from './matmul.js';
import { poolLowerings } from './pooling.js';
import { reduceLowerings } from './reduce.js';
import { sgdLowerings } from './sgd.js';
import { shapeLowerings } from './shape.js';
import { softTargetLowerings } from './softTargets.js';
import { updateLowerings } from './updates.js';

/** What oneDNN's primitives, and copies between its layouts, compute at once. */
const supported = [
  'batchNormRelu',
  'batchNormReluGrad',
  'batchNormGradAdd',
  'convAdd',
  'convActivation',
  'batchNormInferenceRelu',
  'addRelu',
  'parameterGrad',
  'matmulBias',
  'weightedSum',
  'interleave',
  'alternate',
  'sgdUpdates',
  'adamwUpdates',
  'rmspropUpdates',
  'lionUpdates',
  'averageUpdates',
] as const satisfies readonly FusionName[];

type Supported = (typeof supported)[number];

/** The fusions that lowerings are written for. */
export const fusionChoice: FusionChoice<Supported> = { fusions: supported };

/** Operations of a plan that compute. */
export type LoweredKind = Exclude<FusedNode<Supported>['kind'], SourceKind>;

/** A node that computes. */
export type LoweredNode = NodeOf<LoweredKind>;

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
  ...adaptiveLowerings,
  ...collectiveLowerings,
  ...crossEntropyLowerings,
  ...softTargetLowerings,
  ...updateLowerings,
};

/** Adds the steps of a node to a plan. */
export function lowerNode<K extends LoweredKind>(draft: Draft, node: EngineNode<K>): void {
  const lowering: Lowerings<LoweredKind>[K] = lowerings[node.kind];
  lowering(draft, node);
}
