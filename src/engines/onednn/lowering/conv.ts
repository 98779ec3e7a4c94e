import type { ValueId } from '../../../graph/program.js';
import { forwardOf, lowerForward } from './convForward.js';
import { inputGradient, parameterGradient } from './convGradients.js';
import type { Lowerings } from './lowering.js';

/** Convolutions and their gradients; both gradients toward parameters are one primitive. */
export const convLowerings: Lowerings<
  'conv2d' | 'conv2dFused' | 'conv2dInputGrad' | 'conv2dWeightGrad' | 'conv2dParameterGrad'
> = {
  conv2d: (draft, { attributes, inputs, outputs }) => {
    const [x, weight, bias] = inputs as [ValueId, ValueId, ValueId?];
    lowerForward(draft, forwardOf(draft, attributes, [x, weight, outputs[0]!], { bias }));
  },
  conv2dFused: (draft, { attributes: { geometry, hasBias, hasAddend, activation }, inputs, outputs }) => {
    const [x, weight] = inputs as [ValueId, ValueId];
    const ending = {
      bias: hasBias ? inputs[2] : undefined,
      addend: hasAddend ? inputs.at(-1) : undefined,
      activation,
    };
    lowerForward(draft, forwardOf(draft, geometry, [x, weight, outputs[0]!], ending));
  },
  conv2dInputGrad: (draft, { attributes, inputs, outputs }) => {
    const [dy, weight] = inputs as [ValueId, ValueId];
    inputGradient(draft, attributes, [dy, weight, outputs[0]!]);
  },
  conv2dWeightGrad: (draft, { attributes, inputs, outputs }) =>
    parameterGradient(draft, attributes, { inputs, outputs }),
  conv2dParameterGrad: (draft, { attributes, inputs, outputs }) =>
    parameterGradient(draft, attributes, { inputs, outputs }),
};
