import { Tensor } from 'onnxruntime-node';
import type { DType, Shape, TensorData } from '../../graph/tensorType.js';
import { sizeOf } from '../../graph/tensorType.js';

/** Contents of a variable: what runs read, and where the next update is written. */
interface Slot {
  current: TensorData;
  spare: TensorData | undefined;
}

/** ONNX Runtime's tensor over an array, which it reads and writes in place. */
export function tensorOver(data: TensorData, shape: Shape): Tensor {
  return data instanceof Int32Array ? new Tensor('int32', data, shape) : new Tensor('float32', data, shape);
}

/** An array of zeros. */
export function zeros(dtype: DType, shape: Shape): TensorData {
  return dtype === 'i32' ? new Int32Array(sizeOf(shape)) : new Float32Array(sizeOf(shape));
}

/**
 * Variables by name. One that programs update has two arrays, which take turns: a run reads one and
 * writes the other, so that no node reads what is already overwritten, and nothing is copied.
 */
export class Variables {
  private readonly slots = new Map<string, Slot>();

  /** Makes a variable, zero, unless it is there. */
  declare(name: string, shape: Shape, dtype: DType): void {
    if (!this.slots.has(name)) this.slots.set(name, { current: zeros(dtype, shape), spare: undefined });
  }

  /** What a run reads. */
  current(name: string): TensorData {
    return this.slot(name).current;
  }

  /** Where a run writes the variable's update. */
  spare(name: string): TensorData {
    const slot = this.slot(name);
    slot.spare ??= zeros(slot.current instanceof Int32Array ? 'i32' : 'f32', [slot.current.length]);
    return slot.spare;
  }

  /** Makes what was written to the spare array the variable's value. */
  swap(name: string): void {
    const slot = this.slot(name);
    const written = this.spare(name);
    slot.spare = slot.current;
    slot.current = written;
  }

  /** Sets a variable; its size does not change. An array that has its buffer to itself is taken over, not copied. */
  write(name: string, data: TensorData): void {
    const current = data.byteLength === data.buffer.byteLength ? data : data.slice();
    const slot = this.slots.get(name);
    if (slot) slot.current = current;
    else this.slots.set(name, { current, spare: undefined });
  }

  names(): string[] {
    return [...this.slots.keys()];
  }

  private slot(name: string): Slot {
    const slot = this.slots.get(name);
    if (!slot) throw new Error(`the engine has no variable ${name}`);
    return slot;
  }
}
