import type { Engine } from '../engines/engine.js';
import { sizeOf } from '../graph/tensorType.js';
import type { Loss } from '../losses/loss.js';
import type { StateEntry } from '../nn/module.js';
import type { Optimizer } from '../optim/sgd.js';
import { checkStateDict, floatsOf, type StateDictTensors } from './stateDict.js';

/**
 * What training keeps on the engine besides the model's values: the optimiser's and the loss's variables. They
 * are made when they are first needed: evaluation has no use for them.
 */
export class TrainingState {
  private readonly shapes: ReadonlyMap<string, readonly number[]>;
  private allocated: Promise<void> | undefined;

  /** @param entries the model's values */
  constructor(
    private readonly engine: Engine,
    entries: readonly StateEntry[],
    private readonly loss: Loss,
    optimizer: Optimizer,
  ) {
    const trained = entries.filter(({ kind }) => kind === 'parameter');
    this.shapes = new Map([
      ...trained.map(({ name, shape }) => [optimizer.stateName(name), shape] as const),
      ...loss.variables.map(({ name, shape }) => [name, shape] as const),
    ]);
  }

  /** Makes the variables with their initial values, unless they are there. */
  allocate(): Promise<void> {
    this.allocated ??= this.initialise();
    return this.allocated;
  }

  /** The variables by name. */
  async read(): Promise<StateDictTensors> {
    await this.allocate();
    const values = await this.engine.read([...this.shapes.keys()]);
    return new Map(
      [...values].map(([name, data]) => [
        name,
        { dtype: 'f32', shape: this.shapes.get(name)!, data: data as Float32Array },
      ]),
    );
  }

  /**
   * Sets what {@link read} returned.
   *
   * @throws UserError listing what is missing, unexpected or misshapen
   */
  async load(tensors: StateDictTensors): Promise<void> {
    checkStateDict(
      tensors,
      [...this.shapes].map(([name, shape]) => ({ name, shape, kind: 'buffer' })),
      false,
    );
    this.allocated = Promise.resolve();
    await this.engine.write(new Map([...tensors].map(([name, tensor]) => [name, floatsOf(tensor)])));
  }

  private async initialise(): Promise<void> {
    const initial = new Map(this.loss.variables.map((variable) => [variable.name, variable.initial]));
    for (const [name, shape] of this.shapes) {
      const values = new Float32Array(sizeOf(shape)).fill(initial.get(name) ?? 0);
      await this.engine.write(new Map([[name, values]]));
    }
  }
}
