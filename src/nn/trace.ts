import { UsageError } from '../errors.js';
import type { Graph } from '../graph/graph.js';
import type { Tensor } from '../graph/tensor.js';
import type { Module, StateEntry } from './module.js';
import type { Parameter } from './parameter.js';

/** @throws UsageError naming the two places of a parameter that has several */
function namesOf(entries: readonly StateEntry[]): ReadonlyMap<Parameter, string> {
  const names = new Map<Parameter, string>();
  for (const { parameter, name } of entries) {
    const known = names.get(parameter);
    if (known !== undefined)
      throw new UsageError(
        `${known} and ${name} are the same parameter: layers that are shared are not supported`,
      );
    names.set(parameter, name);
  }
  return names;
}

/** The state of tracing a model into a graph: the mode, the variable of each parameter, the updates. */
export class Trace {
  /** New values of variables, by name. */
  readonly updates = new Map<string, Tensor>();
  /** Tensors that {@link mark} named, in order. */
  readonly marks = new Map<string, Tensor>();
  private readonly names: ReadonlyMap<Parameter, string>;

  /**
   * @param isTraining whether batch normalisation uses the batch's statistics and dropout drops
   * @param options frozen: names of entries that training leaves as they are, default none; prefix: what the names of variables
   *   begin with, default nothing; syncRanks: over so many ranks batch normalisation takes its statistics, default 1, each rank's own
   *   batch
   * @throws UsageError when a parameter has two places in the model
   */
  constructor(
    readonly graph: Graph,
    model: Module,
    private isTraining: boolean,
    private readonly options: {
      readonly frozen?: ReadonlySet<string> | undefined;
      readonly prefix?: string | undefined;
      readonly syncRanks?: number | undefined;
    } = {},
  ) {
    this.names = namesOf(model.stateEntries());
  }

  /** Whether batch normalisation uses the batch's statistics and dropout drops, where the trace is: see {@link inModule}. */
  get training(): boolean {
    return this.isTraining;
  }

  /** Ranks over which batch normalisation takes its statistics. */
  get syncRanks(): number {
    return this.options.syncRanks ?? 1;
  }

  /** Name of a parameter of the traced model. */
  nameOf(parameter: Parameter): string {
    const name = this.names.get(parameter);
    if (name === undefined) throw new Error('the parameter does not belong to the traced model');
    return name;
  }

  /** Whether training leaves an entry as it is; batch normalisation with frozen parameters uses its running statistics. */
  isFrozen(parameter: Parameter): boolean {
    return this.options.frozen?.has(this.nameOf(parameter)) ?? false;
  }

  /**
   * Runs a module's forward pass, in evaluation mode if training leaves all of the module's entries as they are: nothing drops out of
   * frozen parts, as after PyTorch's `eval()`.
   */
  inModule<T>(module: Module, forward: () => T): T {
    const outer = this.isTraining;
    this.isTraining = outer && !this.isWhollyFrozen(module);
    try {
      return forward();
    } finally {
      this.isTraining = outer;
    }
  }

  private isWhollyFrozen(module: Module): boolean {
    if (!this.options.frozen?.size) return false;
    const entries = module.stateEntries();
    return entries.length > 0 && entries.every(({ parameter }) => this.isFrozen(parameter));
  }

  /** The variable that holds a parameter. */
  variable(parameter: Parameter): Tensor {
    return this.graph.variable(`${this.options.prefix ?? ''}${this.nameOf(parameter)}`, parameter.shape);
  }

  /** Sets a parameter's new value for the end of the step. */
  update(parameter: Parameter, value: Tensor): void {
    this.updates.set(this.nameOf(parameter), value);
  }

  /** Records a tensor under a name, such as the output of a stage, and returns it. */
  mark(name: string, tensor: Tensor): Tensor {
    this.marks.set(name, tensor);
    return tensor;
  }
}
