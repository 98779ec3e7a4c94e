import type { FusedNode, FusionChoice, FusionName } from '../../fusion/fuse.js';
import type { EngineNode, NodeOf } from '../../fusion/node.js';
import type { SourceKind } from '../../fusion/sources.js';
import type { Draft } from '../plan/draft.js';
import { batchNormLowerings } from './batchNorm.js';
import { convLowerings } from './conv.js';
import { crossEntropyLowerings } from './crossEntropy.js';
import { elementwiseLowerings } from './elementwise.js';
import type { Lowerings } from './lowering.js';
import { matmulLowerings } from './matmul.js';
import { poolLowerings } from './pooling.js';
import { reduceLowerings } from './reduce.js';
import { shapeLowerings } from './shape.js';
import { updateLowerings } from './updates.js';

/** What one step computes; functions of elements need no rules, since readers compute them. */
const supported = [
  'convAdd',
  'convActivation',
  'matmulBias',
  'interleave',
  'alternate',
] as const satisfies readonly FusionName[];

type Supported = (typeof supported)[number];

/** The fusions that lowerings are written for. */
export const fusionChoice: FusionChoice<Supported> = { fusions: supported };

/** Operations of a plan that compute; collectives are gone before. */
export type LoweredKind = Exclude<FusedNode<Supported>['kind'], SourceKind | 'allReduce'>;

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
  ...updateLowerings,
  ...crossEntropyLowerings,
};

/** Adds the steps of a node to a plan. */
export function lowerNode<K extends LoweredKind>(draft: Draft, node: EngineNode<K>): void {
  const lowering: Lowerings<LoweredKind>[K] = lowerings[node.kind];
  lowering(draft, node);
}
