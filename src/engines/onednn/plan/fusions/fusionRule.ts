import type { Program } from '../../../../graph/program.js';
import type { AnyPlanNode, Usage } from '../planNode.js';

/** A rewriting: the nodes that are joined into another, that one, and what takes its place. */
export interface Fusion {
  readonly absorbed: readonly AnyPlanNode[];
  readonly replaced: AnyPlanNode;
  readonly by: AnyPlanNode;
}

/** A rule that may join a node with another. */
export type FusionRule = (node: AnyPlanNode, usage: Usage, program: Program) => Fusion | undefined;
