import type { ValueId } from '../../../graph/program.js';
import { sameShape } from '../../../graph/tensorType.js';
import type { AnyEngineNode, EngineNode } from '../node.js';
import { fusionRule } from '../rule.js';
import type { Usage } from '../usage.js';

/** relu(a + b). */
export const addRelu = fusionRule(
  { at: 'unary', joins: ['binary'], makes: 'addRelu' },
  (node, { usage, values }) => {
    if (node.attributes.fn !== 'relu') return undefined;
    const sum = usage.makerOf(node.inputs[0]!);
    if (sum?.kind !== 'binary' || sum.attributes.fn !== 'add' || usage.onlyUserOf(node.inputs[0]!) !== node)
      return undefined;
    const [a, b] = sum.inputs.map((value) => values[value]!.shape);
    if (!sameShape(a!, b!) || a!.length !== 4) return undefined;
    const by: EngineNode<'addRelu'> = {
      kind: 'addRelu',
      attributes: {},
      inputs: sum.inputs,
      outputs: node.outputs,
    };
    return { absorbed: [sum], replaced: node, by };
  },
);

/** a·b + bias. */
export const matmulBias = fusionRule(
  { at: 'binary', joins: ['matmul'], makes: 'matmulBias' },
  (node, { usage, values }) => {
    if (node.attributes.fn !== 'add') return undefined;
    const [product, bias] = node.inputs as [ValueId, ValueId];
    const matmul = usage.makerOf(product);
    if (matmul?.kind !== 'matmul' || usage.onlyUserOf(product) !== node || product === bias) return undefined;
    if (!sameShape(values[bias]!.shape, values[product]!.shape.slice(1))) return undefined;
    const by: EngineNode<'matmulBias'> = {
      kind: 'matmulBias',
      attributes: matmul.attributes,
      inputs: [...matmul.inputs, bias],
      outputs: node.outputs,
    };
    return { absorbed: [matmul], replaced: node, by };
  },
);

/** x·c for a number c: the node and its parts, if nothing else uses it. */
function scaling(
  value: ValueId,
  user: AnyEngineNode,
  usage: Usage,
): { node: AnyEngineNode; x: ValueId; factor: number } | undefined {
  const node = usage.makerOf(value);
  if (node?.kind !== 'binary' || node.attributes.fn !== 'mul' || usage.onlyUserOf(value) !== user)
    return undefined;
  const [x, c] = node.inputs as [ValueId, ValueId];
  const constant = usage.makerOf(c);
  if (constant?.kind !== 'constant' || constant.attributes.shape.length > 0) return undefined;
  return { node, x, factor: constant.attributes.data[0]! };
}

/** (1 − m)·running + m·batch, the update of running statistics. */
export const weightedSum = fusionRule(
  { at: 'binary', joins: ['binary'], makes: 'weightedSum' },
  (node, { usage, values }) => {
    if (node.attributes.fn !== 'add') return undefined;
    const [a, b] = node.inputs.map((value) => scaling(value, node, usage));
    if (!a || !b || a.node === b.node || !sameShape(values[a.x]!.shape, values[b.x]!.shape)) return undefined;
    const by: EngineNode<'weightedSum'> = {
      kind: 'weightedSum',
      attributes: { weights: [a.factor, b.factor] },
      inputs: [a.x, b.x],
      outputs: node.outputs,
    };
    return { absorbed: [a.node, b.node], replaced: node, by };
  },
);
