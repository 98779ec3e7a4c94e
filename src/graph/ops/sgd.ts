import type { ShapeRules } from '../op.js';
import type { GradientRules, Tensor } from '../tensor.js';
import { expectFloats, expectInputs, expectShape } from './check.js';

/** Settings of {@link sgdUpdate}. */
export interface SgdSettings {
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov: boolean;
}

/**
 * One step of stochastic gradient descent on a parameter w with gradient g, momentum buffer m (initially
 * zero, so that the first step takes m = g as PyTorch does) and learning rate η (a scalar):
 * g ← g + λw; m ← μm + g; w ← w − η·(g + μm if Nesterov, else m).
 */
export function sgdUpdate(
  state: {
    readonly parameter: Tensor;
    readonly gradient: Tensor;
    readonly momentum: Tensor;
    readonly learningRate: Tensor;
  },
  settings: SgdSettings,
): { readonly parameter: Tensor; readonly momentum: Tensor } {
  const { parameter, gradient, momentum, learningRate } = state;
  const outputs = parameter.graph.emit('sgdUpdate', settings, [parameter, gradient, momentum, learningRate]);
  return { parameter: outputs[0]!, momentum: outputs[1]! };
}

/** Shape rule of the update. */
export const sgdShapes: ShapeRules<'sgdUpdate'> = {
  sgdUpdate: (_, inputs) => {
    expectInputs('sgdUpdate', inputs, 4);
    expectFloats('sgdUpdate', inputs);
    const [parameter, gradient, momentum, learningRate] = inputs;
    expectShape('sgdUpdate', 'gradient', gradient!.shape, parameter!.shape);
    expectShape('sgdUpdate', 'momentum', momentum!.shape, parameter!.shape);
    expectShape('sgdUpdate', 'learning rate', learningRate!.shape, []);
    return [parameter!, momentum!];
  },
};

/** The update is the end of a step. */
export const sgdGradients: GradientRules<'sgdUpdate'> = {
  sgdUpdate: { unsupported: 'an update is not differentiated' },
};
