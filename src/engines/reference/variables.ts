import { type DType, sizeOf, type TensorData, type TensorType } from '../../graph/tensorType.js';
import { isInt32Array } from '../../realms.js';
import type { BackendVariable } from '../engine.js';
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
  if (isInt32Array(data)) return data.slice();
  return arithmetic === 'f64' ? Float64Array.from(data) : Float32Array.from(data);
}

/** A copy in 32 bits, as other engines have it. */
export function toTensorData(data: Values): TensorData {
  return isInt32Array(data) ? data.slice() : new Float32Array(data);
}

/** A variable. Its array is never modified: an update replaces it. */
export class ReferenceVariable implements BackendVariable {
  private value: Values;

  constructor(
    { shape, dtype }: TensorType,
    private readonly arithmetic: Arithmetic,
  ) {
    this.value = zeros(dtype, sizeOf(shape), arithmetic);
  }

  /** The value, not to be changed. */
  get current(): Values {
    return this.value;
  }

  /** Sets the value; the array belongs to the variable from then on. */
  replace(value: Values): void {
    this.value = value;
  }

  read(): TensorData {
    return toTensorData(this.value);
  }

  /** {@link read} without rounding. */
  readExact(): Values {
    return this.value.slice();
  }

  /** Sets the value from an array of 32 or 64 bits. */
  write(data: Values): void {
    this.value = toStored(data, this.arithmetic);
  }

  dispose(): void {
    this.value = zeros('i32', 0, this.arithmetic);
  }
}
