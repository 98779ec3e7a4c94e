import { type DType, sizeOf, type TensorData, type TensorType } from '../../graph/tensorType.js';
import type { BackendVariable } from '../engine.js';
import { Arena } from './arena.js';

/** A variable in memory of its own, row-major. */
export class DnnlVariable implements BackendVariable {
  readonly arena: Arena;
  private readonly dtype: DType;
  private readonly size: number;

  /** A variable of zeros. */
  constructor({ shape, dtype }: TensorType) {
    this.dtype = dtype;
    this.size = sizeOf(shape);
    this.arena = new Arena(this.size * 4);
  }

  read(): TensorData {
    return this.view().slice();
  }

  write(data: TensorData): void {
    this.view().set(data);
  }

  dispose(): void {
    this.arena.free();
  }

  /** The variable's own memory. */
  private view(): TensorData {
    return this.arena.view(this.dtype, 0, this.size);
  }
}
