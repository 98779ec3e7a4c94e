import type { EngineNode } from '../../fusion/node.js';
import type { Usage } from '../../fusion/usage.js';

/**
 * Whether a sum over pixels is that of a normalised batch's gradient, as the gradient of a bias before the normalisation is: the
 * normalisation subtracts the mean, so the sum is 0, and what is computed is rounding alone.
 */
export function isNormalisedSum(
  usage: Usage,
  { attributes: { fn, axes }, inputs }: Pick<EngineNode<'reduce'>, 'attributes' | 'inputs'>,
): boolean {
  const value = inputs[0]!;
  if (fn !== 'sum' || [...axes].sort().join() !== '0,2,3') return false;
  const grad = usage.makerOf(value);
  if (grad?.kind !== 'batchNormTrainGrad' || grad.outputs[0] !== value) return false;
  const forward = usage.makerOf(grad.inputs[3]!);
  return (
    forward?.kind === 'batchNormTrain' &&
    forward.inputs[0] === grad.inputs[1] &&
    forward.outputs[1] === grad.inputs[3] &&
    forward.outputs[2] === grad.inputs[4]
  );
}
