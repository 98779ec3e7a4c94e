import type { OpAttributes } from '../../graph/op.js';
import { type DType, sizeOf, type TensorData } from '../../graph/tensorType.js';
import { Arena } from './arena.js';
import type { Pointer } from './memoryDesc.js';

interface Variable {
  readonly arena: Arena;
  readonly dtype: DType;
  readonly size: number;
}

function dtypeOf(data: TensorData): DType {
  return data instanceof Int32Array ? 'i32' : 'f32';
}

/** The engine's variables, each in memory of its own, row-major. */
export class DnnlVariables {
  private readonly variables = new Map<string, Variable>();

  /** Makes a variable, zero, unless it is there. */
  declare({ name, shape, dtype }: OpAttributes['variable']): void {
    if (!this.variables.has(name)) this.create(name, dtype, sizeOf(shape));
  }

  /** Where a variable lies. */
  address(name: string): Pointer {
    return this.find(name).arena.address;
  }

  /** The memory that begins at an address which {@link address} gave. */
  arenaAt(address: Pointer): Arena {
    const variable = [...this.variables.values()].find(({ arena }) => arena.address === address);
    if (!variable) throw new Error('no variable lies at the address');
    return variable.arena;
  }

  /** A variable's own memory. */
  view(name: string): TensorData {
    const { arena, dtype, size } = this.find(name);
    return arena.view(dtype, 0, size);
  }

  read(names: readonly string[] = [...this.variables.keys()]): Map<string, TensorData> {
    return new Map(names.map((name) => [name, this.view(name).slice()]));
  }

  write(values: ReadonlyMap<string, TensorData>): void {
    for (const [name, data] of values) {
      if (!this.variables.has(name)) this.create(name, dtypeOf(data), data.length);
      this.view(name).set(data);
    }
  }

  clear(): void {
    this.variables.clear();
  }

  private create(name: string, dtype: DType, size: number): void {
    this.variables.set(name, { arena: new Arena(size * 4), dtype, size });
  }

  private find(name: string): Variable {
    const variable = this.variables.get(name);
    if (!variable) throw new Error(`the engine has no variable ${name}`);
    return variable;
  }
}
