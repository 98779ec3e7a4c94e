import type { Lowerings } from './context.js';

/** Lowerings of matrix product and parameter update. */
export const updateLowerings: Lowerings<'matmul' | 'sgdUpdate'> = {
  matmul: ({ model, attributes: { transposeA, transposeB }, inputs }) => [
    model.node('Gemm', inputs, { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 }),
  ],
  sgdUpdate: ({ model, attributes: { momentum, weightDecay, nesterov }, inputs }) => {
    const [parameter, gradient, buffer, learningRate] = inputs as [string, string, string, string];
    const scaled = (factor: number, value: string): string =>
      model.node('Mul', [model.scalar(factor), value]);
    const decayed =
      weightDecay === 0 ? gradient : model.node('Add', [gradient, scaled(weightDecay, parameter)]);
    const moved = momentum === 0 ? decayed : model.node('Add', [scaled(momentum, buffer), decayed]);
    const direction = nesterov ? model.node('Add', [decayed, scaled(momentum, moved)]) : moved;
    const next = model.node('Sub', [parameter, model.node('Mul', [learningRate, direction])]);
    return [next, moved];
  },
};
