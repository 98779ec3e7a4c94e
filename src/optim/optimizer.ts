import type { Graph } from '../graph/graph.js';
import type { Tensor } from '../graph/tensor.js';
import { GraphError } from '../graph/tensorType.js';

/** A parameter in a step, as given to an optimiser. */
export interface OptimizedParameter {
  /** PyTorch's name, such as `layer1.0.conv1.weight`. */
  readonly name: string;
  readonly value: Tensor;
  /** Shaped as the value. */
  readonly gradient: Tensor;
  /** The state tensors by the names that {@link Optimizer.state} gives, shaped as the value. */
  readonly state: Readonly<Record<string, Tensor>>;
}

/** The step, as given to an optimiser. */
export interface OptimizerStep {
  /** Scalar. */
  readonly learningRate: Tensor;
  /** Scalar: number of this update of the parameter, from 1; those that it missed while it was frozen do not count. A resumed run continues counting. */
  readonly step: Tensor;
}

/** New values of a parameter and its state. */
export interface OptimizerResult {
  readonly value: Tensor;
  /** A tensor for each name of {@link Optimizer.state}. */
  readonly state: Readonly<Record<string, Tensor>>;
}

/** An optimiser: turns gradients into new values of parameters. */
export interface Optimizer {
  /**
   * Names of its state tensors per parameter, such as `momentum`. They are part of the training state and of checkpoints,
   * under the names `optimizer.STATE.PARAMETER`.
   */
  readonly state: readonly string[];
  /** What state tensors are filled with at the start of a run, by name. Default 0. */
  readonly initial?: Readonly<Record<string, number>> | undefined;
  /** Adds the update of one parameter to the graph. */
  update(parameter: OptimizedParameter, step: OptimizerStep): OptimizerResult;
}

/** Name of the variable that holds a state tensor of a parameter. */
export function stateVariable(state: string, parameter: string): string {
  return `optimizer.${state}.${parameter}`;
}

/**
 * Adds an optimiser's update of all parameters to a graph.
 *
 * @param parameters values and gradients by name
 * @returns new values of the parameters and of the optimiser's state, by variable name
 * @throws GraphError when the optimiser returns a different state than it declares
 */
export function applyOptimizer(
  graph: Graph,
  optimizer: Optimizer,
  parameters: ReadonlyMap<string, { readonly value: Tensor; readonly gradient: Tensor }>,
  step: OptimizerStep,
): Map<string, Tensor> {
  const updates = new Map<string, Tensor>();
  for (const [name, { value, gradient }] of parameters) {
    const state = Object.fromEntries(
      optimizer.state.map((key) => [key, graph.variable(stateVariable(key, name), value.shape)]),
    );
    const next = optimizer.update({ name, value, gradient, state }, step);
    updates.set(name, next.value);
    expectState(optimizer.state, next.state, name);
    for (const [key, tensor] of Object.entries(next.state)) updates.set(stateVariable(key, name), tensor);
  }
  return updates;
}

function expectState(
  declared: readonly string[],
  given: Readonly<Record<string, Tensor>>,
  name: string,
): void {
  const found = Object.keys(given);
  if (found.length === declared.length && declared.every((key) => Object.hasOwn(given, key))) return;
  const list = (keys: readonly string[]): string => keys.join(', ') || 'nothing';
  throw new GraphError(
    `the optimiser must update its state of ${name}: ${list(declared)}, but it returned ${list(found)}`,
  );
}
