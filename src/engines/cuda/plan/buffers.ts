import { UserError } from '../../../errors.js';
import { formatShape, type Shape, sizeOf } from '../../../graph/tensorType.js';
import { nativeStrides, type Stored } from '../codegen/stored.js';
import { BYTES, type StorageType } from '../device.js';
import type { PlanBuffer, Storage } from './buffer.js';

/** Places in tensors are 32-bit numbers in kernels. */
const MOST_ELEMENTS = 2 ** 31;

/** The memory that a plan asks for. */
export class PlanBuffers {
  readonly all: PlanBuffer[] = [];
  private readonly variables = new Map<string, PlanBuffer>();

  /** A new dense tensor in a buffer of its own. */
  tensor(
    shape: Shape,
    type: StorageType,
    { strides = nativeStrides(shape), storage = 'transient' }: { strides?: Shape; storage?: Storage } = {},
  ): Stored {
    if (sizeOf(shape) >= MOST_ELEMENTS)
      throw new UserError(
        `a tensor of ${formatShape(shape)} has more elements than the CUDA engine can count (2³¹): a smaller batch size needs less`,
      );
    const buffer = this.raw(sizeOf(shape) * BYTES[type], storage);
    return { buffer, offset: 0, type, shape, strides };
  }

  /** Memory without a type. */
  raw(bytes: number, storage: Storage): PlanBuffer {
    return this.addBuffer({ id: this.all.length, bytes, storage });
  }

  /** A variable's memory. */
  variable(name: string, shape: Shape, type: StorageType): Stored {
    const bytes = sizeOf(shape) * BYTES[type];
    const buffer =
      this.variables.get(name) ??
      this.addBuffer({ id: this.all.length, bytes, storage: 'variable', variable: name });
    this.variables.set(name, buffer);
    return { buffer, offset: 0, type, shape, strides: nativeStrides(shape) };
  }

  private addBuffer(buffer: PlanBuffer): PlanBuffer {
    this.all.push(buffer);
    return buffer;
  }
}
