import { formatType, type TensorData, type TensorType } from '../../graph/tensorType.js';
import type { BackendVariable, VariableSpec } from '../engine.js';
import { expectFit } from './checks.js';

/** A variable with its type. */
interface Entry {
  readonly type: TensorType;
  readonly variable: BackendVariable;
}

/** The worker's side of a set of variables. */
export class VariableSet {
  private readonly entries = new Map<string, Entry>();

  /**
   * Creates variables; if one cannot be created, all are freed.
   *
   * @throws Error naming a variable that is given twice
   */
  static async make(
    specs: readonly Required<VariableSpec>[],
    make: (type: TensorType) => BackendVariable | Promise<BackendVariable>,
  ): Promise<VariableSet> {
    const set = new VariableSet();
    try {
      for (const { name, shape, dtype } of specs) {
        if (set.entries.has(name)) throw new Error(`the variable ${name} is given twice`);
        set.entries.set(name, { type: { shape, dtype }, variable: await make({ shape, dtype }) });
      }
    } catch (error) {
      await set.dispose();
      throw error;
    }
    return set;
  }

  get size(): number {
    return this.entries.size;
  }

  /**
   * The variable of a program.
   *
   * @returns undefined if there is none of that name
   * @throws Error naming a variable that has another type here
   */
  find({ name, ...type }: Required<VariableSpec>): BackendVariable | undefined {
    const entry = this.entries.get(name);
    if (entry && formatType(entry.type) !== formatType(type))
      throw new Error(
        `the variable ${name} is ${formatType(type)} in the program, but ${formatType(entry.type)} in the engine`,
      );
    return entry?.variable;
  }

  /** @throws Error naming a variable that is not here */
  async read(names: Iterable<string> = this.entries.keys()): Promise<Map<string, TensorData>> {
    const entries = [...names].map((name) => [name, this.entry(name)] as const);
    const values = new Map<string, TensorData>();
    for (const [name, { variable }] of entries) values.set(name, await variable.read());
    return values;
  }

  /** @throws Error naming a variable that is not here, or has another size or type; none is set then */
  async write(values: ReadonlyMap<string, TensorData>): Promise<void> {
    for (const [name, data] of values) expectFit(`the variable ${name}`, data, this.entry(name).type);
    for (const [name, data] of values) await this.entry(name).variable.write(data);
  }

  async dispose(): Promise<void> {
    for (const { variable } of this.entries.values()) await variable.dispose();
    this.entries.clear();
  }

  private entry(name: string): Entry {
    const entry = this.entries.get(name);
    if (!entry) throw new Error(`there is no variable ${name}`);
    return entry;
  }
}
