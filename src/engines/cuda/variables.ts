import {
  type DType,
  type Shape,
  sizeOf,
  stridesOf,
  type TensorData,
  type TensorType,
} from '../../graph/tensorType.js';
import type { BackendVariable } from '../engine.js';
import { nativeStrides } from './codegen/stored.js';
import type { Device, Pointer } from './device.js';

function zeros(dtype: DType, size: number): TensorData {
  return dtype === 'i32' ? new Int32Array(size) : new Float32Array(size);
}

/** Elements of a shape of four axes moved from one order in memory to another. */
function reorder(data: TensorData, shape: Shape, from: Shape, to: Shape): TensorData {
  const moved: TensorData = data.slice();
  const [n, c, h, w] = shape as readonly [number, number, number, number];
  for (let i = 0; i < n; i++)
    for (let j = 0; j < c; j++)
      for (let k = 0; k < h; k++)
        for (let l = 0; l < w; l++) {
          const place = (strides: Shape): number =>
            i * strides[0]! + j * strides[1]! + k * strides[2]! + l * strides[3]!;
          moved[place(to)] = data[place(from)]!;
        }
  return moved;
}

/** A variable in the device's memory: of four axes with the second one last, [N,H,W,C], else row-major. */
export class CudaVariable implements BackendVariable {
  readonly pointer: Pointer;
  private readonly size: number;
  private readonly isMoved: boolean;

  /** A variable of zeros. */
  constructor(
    private readonly device: Device,
    private readonly type: TensorType,
  ) {
    const { shape } = type;
    this.size = sizeOf(shape);
    this.isMoved = shape.length === 4 && shape[1]! > 1 && shape[2]! * shape[3]! > 1;
    this.pointer = device.allocate(this.size * 4);
    device.clear(this.pointer, this.size * 4);
  }

  read(): TensorData {
    const { shape, dtype } = this.type;
    const data = zeros(dtype, this.size);
    this.device.download(this.pointer, data);
    return this.isMoved ? reorder(data, shape, nativeStrides(shape), stridesOf(shape)) : data;
  }

  write(data: TensorData): void {
    const { shape } = this.type;
    this.device.upload(
      this.pointer,
      this.isMoved ? reorder(data, shape, stridesOf(shape), nativeStrides(shape)) : data,
    );
  }

  dispose(): void {
    this.device.free(this.pointer);
  }
}
