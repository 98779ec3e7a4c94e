import { sub } from '../graph/ops/elementwise.js';
import type { Tensor } from '../graph/tensor.js';
import type { Optimizer } from './optimizer.js';

/**
 * An optimiser that counts the updates of each parameter, as PyTorch's do: the step's number less the updates that the parameter
 * missed while it was frozen. Its state started at zero then, and a bias correction by the run's number would be too small.
 *
 * @param missedBy updates that a parameter missed, by its name; asked for when a program is built
 */
export function withMissedUpdates(optimizer: Optimizer, missedBy: (name: string) => number): Optimizer {
  const counted = new WeakMap<Tensor, Map<number, Tensor>>();
  const stepOf = (step: Tensor, missed: number): Tensor => {
    if (missed === 0) return step;
    const known = counted.get(step) ?? new Map<number, Tensor>();
    counted.set(step, known);
    const own = known.get(missed) ?? sub(step, missed);
    known.set(missed, own);
    return own;
  };
  return {
    ...optimizer,
    update: (parameter, step) =>
      optimizer.update(parameter, { ...step, step: stepOf(step.step, missedBy(parameter.name)) }),
  };
}
