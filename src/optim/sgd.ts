import { UsageError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import { sgdUpdate } from '../graph/ops/sgd.js';
import type { Tensor } from '../graph/tensor.js';

/** An optimiser: turns gradients into new values of variables. */
export interface Optimizer {
  /** Name of the variable that holds a parameter's state. */
  stateName(parameter: string): string;
  /**
   * Adds the update to a graph.
   *
   * @param parameters by name, with the gradient of each
   * @param learningRate scalar
   * @returns new values of the parameters and of the optimiser's state, by variable name
   */
  build(
    graph: Graph,
    parameters: ReadonlyMap<string, { readonly value: Tensor; readonly gradient: Tensor }>,
    learningRate: Tensor,
  ): Map<string, Tensor>;
}

/** Options of {@link sgd}. */
export interface SgdOptions {
  /** Default 0.9. */
  readonly momentum?: number | undefined;
  /** L2 penalty added to the gradient of every parameter. Default 1e-4. */
  readonly weightDecay?: number | undefined;
  /** Default false. */
  readonly nesterov?: boolean | undefined;
}

/**
 * Stochastic gradient descent by PyTorch's rule (`torch.optim.SGD`); see {@link sgdUpdate}.
 *
 * @throws UsageError naming an option that is out of range
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { momentum = 0.9, weightDecay = 1e-4, nesterov = false } = options;
  if (!(momentum >= 0 && momentum < 1))
    throw new UsageError(`momentum must be a number from 0 to below 1, not ${momentum}`);
  if (!(weightDecay >= 0 && Number.isFinite(weightDecay)))
    throw new UsageError(`weightDecay must be a number of at least 0, not ${weightDecay}`);
  if (nesterov && momentum === 0) throw new UsageError('nesterov needs a momentum above 0');
  const stateName = (parameter: string): string => `optimizer.momentum.${parameter}`;
  return {
    stateName,
    build: (graph, parameters, learningRate) => {
      const updates = new Map<string, Tensor>();
      for (const [name, { value, gradient }] of parameters) {
        const state = {
          parameter: value,
          gradient,
          momentum: graph.variable(stateName(name), value.shape),
          learningRate,
        };
        const next = sgdUpdate(state, { momentum, weightDecay, nesterov });
        updates.set(name, next.parameter).set(stateName(name), next.momentum);
      }
      return updates;
    },
  };
}
