import type { Program } from '../../../graph/program.js';
import { addRelu, matmulBias, weightedSum } from './fusions/arithmetic.js';
import { alternate, interleave } from './fusions/channels.js';
import { convActivation, convAdd, parameterGrad } from './fusions/convolution.js';
import type { FusionRule } from './fusions/fusionRule.js';
import { batchNormInferenceRelu, batchNormRelu, batchNormReluGrad } from './fusions/normalisation.js';
import { type AnyPlanNode, Usage } from './planNode.js';

/** In this order: the gradient of the joined normalisation looks for the joined forward pass. */
const rules: readonly FusionRule[] = [
  batchNormRelu,
  batchNormReluGrad,
  convAdd,
  convActivation,
  batchNormInferenceRelu,
  addRelu,
  parameterGrad,
  matmulBias,
  weightedSum,
  interleave,
  alternate,
];

function applyRule(nodes: readonly AnyPlanNode[], rule: FusionRule, program: Program): AnyPlanNode[] {
  const usage = new Usage(nodes, program);
  const gone = new Set<AnyPlanNode>();
  const replacements = new Map<AnyPlanNode, AnyPlanNode>();
  for (const node of nodes) {
    const fusion = rule(node, usage, program);
    if (!fusion || gone.has(fusion.replaced)) continue;
    if (fusion.absorbed.some((other) => gone.has(other) || replacements.has(other))) continue;
    for (const other of fusion.absorbed) gone.add(other);
    replacements.set(fusion.replaced, fusion.by);
  }
  return nodes.filter((node) => !gone.has(node)).map((node) => replacements.get(node) ?? node);
}

/** The nodes whose results somebody uses; inputs are used by the caller. */
function living(nodes: readonly AnyPlanNode[], { outputs, updates }: Program): AnyPlanNode[] {
  const wanted = new Set([...Object.values(outputs), ...Object.values(updates)]);
  const kept: AnyPlanNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (node.kind !== 'input' && !node.outputs.some((output) => wanted.has(output))) continue;
    for (const input of node.inputs) wanted.add(input);
    kept.push(node);
  }
  return kept.reverse();
}

/** A program's nodes, joined where one primitive computes several. */
export function fuse(program: Program): AnyPlanNode[] {
  const joined = rules.reduce<AnyPlanNode[]>(
    (nodes, rule) => applyRule(nodes, rule, program),
    [...program.nodes],
  );
  return living(joined, program);
}
