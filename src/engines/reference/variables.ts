import type { OpAttributes } from '../../graph/op.js';
import { type DType, sizeOf, type TensorData } from '../../graph/tensorType.js';
import type { Values } from './kernel.js';

/** Type in which floats are kept between operations. */
export type Arithmetic = 'f64' | 'f32';

/** Makes an array of zeros. */
export function zeros(dtype: DType, size: number, arithmetic: Arithmetic): Values {
  if (dtype === 'i32') return new Int32Array(size);
  return arithmetic === 'f64' ? new Float64Array(size) : new Float32Array(size);
}

/** A copy in the arithmetic's own type. */
export function toStored(data: Values, arithmetic: Arithmetic): Values {
  if (data instanceof Int32Array) return data.slice();
  return arithmetic === 'f64' ? Float64Array.from(data) : Float32Array.from(data);
}

/** A copy in 32 bits, as other engines have it. */
export function toTensorData(data: Values): TensorData {
  return data instanceof Int32Array ? data.slice() : new Float32Array(data);
}

/** Variables by name. An array is never changed once it is here: an update puts another in its place. */
export class VariableStore {
  private readonly values = new Map<string, Values>();

  constructor(private readonly arithmetic: Arithmetic) {}

  /** Makes a variable, zero, unless it is there; refuses another size. */
  declare({ name, shape, dtype }: OpAttributes['variable']): void {
    const known = this.values.get(name);
    if (!known) this.values.set(name, zeros(dtype, sizeOf(shape), this.arithmetic));
    else if (known.length !== sizeOf(shape))
      throw new Error(`the variable ${name} has ${known.length} values, not ${sizeOf(shape)}`);
  }

  get(name: string): Values {
    const value = this.values.get(name);
    if (!value) throw new Error(`the engine has no variable ${name}`);
    return value;
  }

  /** Puts an array in a variable's place; it belongs to the store from then on. */
  replace(name: string, value: Values): void {
    this.values.set(name, value);
  }

  names(): string[] {
    return [...this.values.keys()];
  }
}
