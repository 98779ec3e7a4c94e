import { type DType, type Shape, sizeOf, type TensorData, type TensorType } from '../../graph/tensorType.js';
import type { BackendVariable } from '../engine.js';
import type { OnnxRuntime } from './runtime.js';

/** An array of zeros. */
export function zeros(dtype: DType, shape: Shape): TensorData {
  return dtype === 'i32' ? new Int32Array(sizeOf(shape)) : new Float32Array(sizeOf(shape));
}

/** A tensor that programs read and update. */
export interface UpdatedTensor<Tensor> {
  /** What a run reads. */
  readonly current: Tensor;
  /** A tensor that an update may be written to, if there is one already; {@link current} itself where no program reads and updates it at once. */
  readonly spare: Tensor | undefined;
  /** Makes a run's result the value. */
  update(result: Tensor): void;
}

/**
 * A variable as a tensor of the runtime's. Where results are written over given tensors, one that programs update
 * has two, which take turns: a run reads one and writes the other, so that no node reads what is already
 * overwritten, and nothing is copied.
 */
export class OnnxVariable<Tensor> implements BackendVariable, UpdatedTensor<Tensor> {
  private value: Tensor;
  private old: Tensor | undefined;

  constructor(
    private readonly runtime: OnnxRuntime<Tensor>,
    private readonly type: TensorType,
  ) {
    this.value = runtime.tensor(zeros(type.dtype, type.shape), type.shape);
  }

  /** What a run reads. */
  get current(): Tensor {
    return this.value;
  }

  /** A tensor that an update may be written to while runs read {@link current}, if there is one already. */
  get spare(): Tensor | undefined {
    return this.old;
  }

  /** Makes a run's result the value. */
  update(result: Tensor): void {
    if (result === this.value) return;
    const before = this.value;
    this.value = result;
    if (this.runtime.writesOver) this.old = before;
    else this.runtime.dispose(before);
  }

  read(): TensorData | Promise<TensorData> {
    return this.runtime.read(this.value);
  }

  /** Sets the value. An array that has its buffer to itself is taken over, not copied. */
  write(data: TensorData): void {
    const own = data.byteLength === data.buffer.byteLength ? data : data.slice();
    const before = this.value;
    this.value = this.runtime.tensor(own, this.type.shape);
    this.runtime.dispose(before);
  }

  dispose(): void {
    this.runtime.dispose(this.value);
    if (this.old !== undefined) this.runtime.dispose(this.old);
    this.old = undefined;
  }
}
