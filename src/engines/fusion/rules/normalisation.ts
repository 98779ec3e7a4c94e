import type { ValueId } from '../../../graph/program.js';
import { sameShape } from '../../../graph/tensorType.js';
import type { EngineNode } from '../node.js';
import { fusionRule } from '../rule.js';

/** relu(batchNorm(x)): the normalisation includes the ReLU and keeps a mask of where it was 0. */
export const batchNormRelu = fusionRule(
  { at: 'batchNormTrain', joins: ['unary'], makes: 'batchNormRelu' },
  (node, { usage }) => {
    const [y, mean, variance] = node.outputs as [ValueId, ValueId, ValueId];
    const relu = usage.onlyUserOf(y);
    if (relu?.kind !== 'unary' || relu.attributes.fn !== 'relu') return undefined;
    const by: EngineNode<'batchNormRelu'> = {
      kind: 'batchNormRelu',
      attributes: node.attributes,
      inputs: node.inputs,
      outputs: [relu.outputs[0]!, mean, variance],
    };
    return { absorbed: [relu], replaced: node, by };
  },
);

/** The gradient of {@link batchNormRelu}, if the forward pass was fused before. */
export const batchNormReluGrad = fusionRule(
  { at: 'batchNormTrainGrad', joins: ['unaryGrad'], makes: 'batchNormReluGrad' },
  (node, { usage }) => {
    const [dy, ...rest] = node.inputs as [ValueId, ...ValueId[]];
    const relu = usage.makerOf(dy);
    if (relu?.kind !== 'unaryGrad' || relu.attributes.fn !== 'relu' || usage.onlyUserOf(dy) !== node)
      return undefined;
    const forward = usage.makerOf(relu.inputs[1]!);
    if (forward?.kind !== 'batchNormRelu' || forward.outputs[1] !== node.inputs[3]) return undefined;
    const by: EngineNode<'batchNormReluGrad'> = {
      kind: 'batchNormReluGrad',
      attributes: node.attributes,
      inputs: [relu.inputs[0]!, ...rest],
      outputs: node.outputs,
    };
    return { absorbed: [relu], replaced: node, by };
  },
);

/** relu(batchNorm(x)) in evaluation. */
export const batchNormInferenceRelu = fusionRule(
  { at: 'unary', joins: ['batchNormInference'], makes: 'batchNormInferenceRelu' },
  (node, { usage }) => {
    if (node.attributes.fn !== 'relu') return undefined;
    const norm = usage.makerOf(node.inputs[0]!);
    if (norm?.kind !== 'batchNormInference' || usage.onlyUserOf(node.inputs[0]!) !== node) return undefined;
    const by: EngineNode<'batchNormInferenceRelu'> = {
      kind: 'batchNormInferenceRelu',
      attributes: norm.attributes,
      inputs: norm.inputs,
      outputs: node.outputs,
    };
    return { absorbed: [norm], replaced: node, by };
  },
);

/** A normalisation's gradient toward its images + addend: of what is read elsewhere, too, as DenseNet's features are. */
export const batchNormGradAdd = fusionRule(
  { at: 'binary', joins: ['batchNormTrainGrad', 'batchNormReluGrad'], makes: 'batchNormGradAdd' },
  (node, { usage, values }) => {
    const [a, b] = node.inputs as [ValueId, ValueId];
    if (node.attributes.fn !== 'add' || a === b || !sameShape(values[a]!.shape, values[b]!.shape))
      return undefined;
    for (const [value, addend] of [
      [a, b],
      [b, a],
    ] as const) {
      const norm = usage.makerOf(value);
      if (norm?.kind !== 'batchNormTrainGrad' && norm?.kind !== 'batchNormReluGrad') continue;
      const [dx, ...parameters] = norm.outputs as [ValueId, ...ValueId[]];
      const isEarly = parameters.some((gradient) => usage.isReadBefore(gradient, node));
      if (dx !== value || usage.onlyUserOf(value) !== node || isEarly || parameters.includes(addend))
        continue;
      const by: EngineNode<'batchNormGradAdd'> = {
        kind: 'batchNormGradAdd',
        attributes: { epsilon: norm.attributes.epsilon, relu: norm.kind === 'batchNormReluGrad' },
        inputs: [...norm.inputs, addend],
        outputs: [node.outputs[0]!, ...parameters],
      };
      return { absorbed: [norm], replaced: node, by };
    }
    return undefined;
  },
);
