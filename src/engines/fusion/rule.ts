import type { UnaryFunction } from '../../graph/op.js';
import type { Program } from '../../graph/program.js';
import type { AnyEngineNode, EngineKind, FusedKind, NodeOf } from './node.js';
import type { Usage } from './usage.js';

/** A fusion as data: which nodes become which. */
export interface FusionDescription<At extends EngineKind = EngineKind, Makes extends FusedKind = FusedKind> {
  /** The node in whose place the new one stands. */
  readonly at: At;
  /** The nodes that go, because the new one computes them, too. */
  readonly joins: readonly EngineKind[];
  /** The new node. */
  readonly makes: Makes;
}

/** A place in a program where a fusion fits: the nodes that go, the one that is replaced, and what takes its place. */
export interface Match {
  readonly absorbed: readonly AnyEngineNode[];
  readonly replaced: AnyEngineNode;
  readonly by: AnyEngineNode;
}

/** What a fusion looks at besides a node. */
export interface Surroundings {
  readonly usage: Usage;
  readonly values: Program['values'];
  /** What a convolution may end with; undefined for every function. */
  readonly activations: readonly UnaryFunction[] | undefined;
}

/** A fusion and how its places are found. */
export interface FusionRule<Makes extends FusedKind = FusedKind>
  extends FusionDescription<EngineKind, Makes> {
  match(node: AnyEngineNode, surroundings: Surroundings): Match | undefined;
}

/** Makes a rule of a description and of a function that is given nodes of the kind `at` alone. */
export function fusionRule<At extends EngineKind, Makes extends FusedKind>(
  description: FusionDescription<At, Makes>,
  match: (node: NodeOf<At>, surroundings: Surroundings) => Match | undefined,
): FusionRule<Makes> {
  const fits = (node: AnyEngineNode): node is Extract<AnyEngineNode, NodeOf<At>> =>
    node.kind === description.at;
  return {
    ...description,
    match: (node, surroundings) => (fits(node) ? match(node, surroundings) : undefined),
  };
}
