import type { OpKind, UnaryFunction } from '../../graph/op.js';
import type { Program } from '../../graph/program.js';
import type { AnyEngineNode, NodeOf } from './node.js';
import type { FusionRule, Surroundings } from './rule.js';
import { addRelu, matmulBias, weightedSum } from './rules/arithmetic.js';
import { alternate, interleave } from './rules/channels.js';
import { convActivation, convAdd, parameterGrad } from './rules/convolution.js';
import {
  batchNormGradAdd,
  batchNormInferenceRelu,
  batchNormRelu,
  batchNormReluGrad,
} from './rules/normalisation.js';
import { adamwUpdates, averageUpdates, lionUpdates, rmspropUpdates, sgdUpdates } from './rules/updates.js';
import { living, Usage } from './usage.js';

/** Every fusion, in the order of application: the gradient of a fused normalisation looks for the fused forward pass. */
export const fusions = {
  batchNormRelu,
  batchNormReluGrad,
  batchNormGradAdd,
  convAdd,
  convActivation,
  batchNormInferenceRelu,
  addRelu,
  parameterGrad,
  matmulBias,
  weightedSum,
  interleave,
  alternate,
  sgdUpdates,
  adamwUpdates,
  rmspropUpdates,
  lionUpdates,
  averageUpdates,
} satisfies Readonly<Record<string, FusionRule>>;

/** Name of a fusion. */
export type FusionName = keyof typeof fusions;

/** The fusions that an engine has primitives for, as plain data. */
export interface FusionChoice<F extends FusionName = FusionName> {
  /** In any order. */
  readonly fusions: readonly F[];
  /** Activations that may be fused into a convolution; default all. */
  readonly activations?: readonly UnaryFunction[];
}

/** A program's node, or one that a fusion of `F` makes. */
export type FusedNode<F extends FusionName> = NodeOf<OpKind | (typeof fusions)[F]['makes']>;

function applyRule(
  nodes: readonly AnyEngineNode[],
  rule: FusionRule,
  surroundings: Surroundings,
): AnyEngineNode[] {
  const gone = new Set<AnyEngineNode>();
  const replacements = new Map<AnyEngineNode, AnyEngineNode>();
  for (const node of nodes) {
    const match = rule.match(node, surroundings);
    if (!match || gone.has(match.replaced)) continue;
    if (match.absorbed.some((other) => gone.has(other) || replacements.has(other))) continue;
    for (const other of match.absorbed) gone.add(other);
    replacements.set(match.replaced, match.by);
  }
  return nodes.filter((node) => !gone.has(node)).map((node) => replacements.get(node) ?? node);
}

/** A program's nodes, fused where one primitive of an engine computes several, without unused ones. */
export function fuse<F extends FusionName>(
  program: Program,
  { fusions: chosen, activations }: FusionChoice<F>,
): FusedNode<F>[] {
  const names: readonly string[] = chosen;
  const rules: FusionRule[] = Object.entries(fusions).flatMap(([name, rule]) =>
    names.includes(name) ? [rule] : [],
  );
  let nodes: AnyEngineNode[] = [...program.nodes];
  for (const rule of rules) {
    const usage = new Usage(nodes, program);
    nodes = applyRule(nodes, rule, { usage, values: program.values, activations });
  }
  return living(nodes, program) as FusedNode<F>[];
}
