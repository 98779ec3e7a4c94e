import type { ValueId } from '../../../graph/program.js';
import { sameShape } from '../../../graph/tensorType.js';
import type { AnyEngineNode, EngineNode } from '../node.js';
import { fusionRule } from '../rule.js';
import type { Usage } from '../usage.js';

/** A convolution as {@link EngineNode}<'conv2dFused'>, if only `user` reads its result and more can be fused. */
function openConv(value: ValueId, user: AnyEngineNode, usage: Usage): EngineNode<'conv2dFused'> | undefined {
  const node = usage.makerOf(value);
  if (usage.onlyUserOf(value) !== user) return undefined;
  if (node?.kind === 'conv2dFused') return node.attributes.activation ? undefined : node;
  if (node?.kind !== 'conv2d') return undefined;
  const hasBias = node.inputs.length > 2;
  const attributes = { geometry: node.attributes, hasBias, hasAddend: false, activation: undefined };
  return { kind: 'conv2dFused', attributes, inputs: node.inputs, outputs: node.outputs };
}

/** conv2d(x) + addend. */
export const convAdd = fusionRule(
  { at: 'binary', joins: ['conv2d', 'conv2dFused'], makes: 'conv2dFused' },
  (node, { usage, values }) => {
    if (node.attributes.fn !== 'add') return undefined;
    const [a, b] = node.inputs as [ValueId, ValueId];
    if (a === b || !sameShape(values[a]!.shape, values[b]!.shape)) return undefined;
    for (const [value, addend] of [
      [a, b],
      [b, a],
    ] as const) {
      const conv = openConv(value, node, usage);
      if (!conv) continue;
      const by: EngineNode<'conv2dFused'> = {
        kind: 'conv2dFused',
        attributes: { ...conv.attributes, hasAddend: true },
        inputs: [...conv.inputs, addend],
        outputs: node.outputs,
      };
      return { absorbed: [usage.makerOf(value)!], replaced: node, by };
    }
    return undefined;
  },
);

/** activation(conv2d(x)). */
export const convActivation = fusionRule(
  { at: 'unary', joins: ['conv2d', 'conv2dFused'], makes: 'conv2dFused' },
  (node, { usage, activations }) => {
    if (activations && !activations.includes(node.attributes.fn)) return undefined;
    const value = node.inputs[0]!;
    const conv = openConv(value, node, usage);
    if (!conv) return undefined;
    const by: EngineNode<'conv2dFused'> = {
      kind: 'conv2dFused',
      attributes: { ...conv.attributes, activation: node.attributes },
      inputs: conv.inputs,
      outputs: node.outputs,
    };
    return { absorbed: [usage.makerOf(value)!], replaced: node, by };
  },
);

/** The bias's gradient is a by-product of the weight's. */
export const parameterGrad = fusionRule(
  { at: 'conv2dWeightGrad', joins: ['reduce'], makes: 'conv2dParameterGrad' },
  (node, { usage }) => {
    const sum = usage
      .usersOf(node.inputs[0]!)
      .find(
        (user) =>
          user.kind === 'reduce' &&
          user.attributes.fn === 'sum' &&
          !user.attributes.keepDims &&
          [...user.attributes.axes].sort().join() === '0,2,3',
      );
    if (!sum || usage.isReadBefore(sum.outputs[0]!, node)) return undefined;
    const by: EngineNode<'conv2dParameterGrad'> = {
      kind: 'conv2dParameterGrad',
      attributes: node.attributes,
      inputs: node.inputs,
      outputs: [node.outputs[0]!, sum.outputs[0]!],
    };
    return { absorbed: [sum], replaced: node, by };
  },
);
