import type { UnaryFunction } from '../../graph/op.js';
import type { Program } from '../../graph/program.js';
import type { AnyEngineNode, EngineKind, FusedKind, NodeOf } from './node.js';
import type { Usage } from './usage.js';

/** A fusion as data: which nodes it replaces with what. */
export interface FusionDescription<At extends EngineKind = EngineKind, Makes extends FusedKind = FusedKind> {
  /** The node that is replaced by the new one. */
  readonly at: At;
  /** The nodes that are removed, because the new one also computes them. */
  readonly joins: readonly EngineKind[];
  /** The new node. */
  readonly makes: Makes;
}

/** A match of a fusion in a program: the removed nodes, the replaced one, and its replacement. */
export interface Match {
  readonly absorbed: readonly AnyEngineNode[];
  readonly replaced: AnyEngineNode;
  readonly by: AnyEngineNode;
}

/** What a fusion may use besides a node. */
export interface Surroundings {
  readonly usage: Usage;
  readonly values: Program['values'];
  /** Activations that may be fused into a convolution; undefined for all. */
  readonly activations: readonly UnaryFunction[] | undefined;
}

/** A fusion and how its matches are found. */
export interface FusionRule<Makes extends FusedKind = FusedKind>
  extends FusionDescription<EngineKind, Makes> {
  match(node: AnyEngineNode, surroundings: Surroundings): Match | undefined;
}

/** Makes a rule from a description and a function that only gets nodes of the kind `at`. */
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
