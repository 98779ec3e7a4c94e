import type { ValueId } from '../../../graph/program.js';
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
