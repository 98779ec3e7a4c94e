import type { Tensor } from 'onnxruntime-web';
import { sizeOf, type TensorData, type TensorType } from '../../../graph/tensorType.js';
import type { Ort } from './ort.js';

/** The part of a `GPUBuffer` that is used. */
type GpuBuffer = Tensor.GpuBufferType & {
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  destroy(): void;
};

/** The part of a `GPUCommandEncoder` that is used. */
interface GpuCommandEncoder {
  copyBufferToBuffer(from: GpuBuffer, at: number, to: GpuBuffer, toAt: number, bytes: number): void;
  finish(): object;
}

/** The part of a `GPUDevice` that is used. */
export interface GpuDevice {
  readonly lost: Promise<{ readonly message: string }>;
  readonly queue: { submit(commands: readonly object[]): void };
  createBuffer(descriptor: { readonly size: number; readonly usage: number }): GpuBuffer;
  createCommandEncoder(): GpuCommandEncoder;
}

/** WebGPU's bits of a buffer's usage, and its mode of mapping for reading. */
const MAP_READ = 0x1;
const COPY_SRC = 0x4;
const COPY_DST = 0x8;
const STORAGE = 0x80;
const READ = 0x1;

/** ONNX Runtime asks for buffers of whole vectors. */
const ALIGNMENT = 16;

/**
 * A tensor in a buffer of its own on the device, which belongs to no session and lives until it is disposed of; its
 * contents are undefined.
 */
export function deviceTensor({ Tensor }: Ort, device: GpuDevice, { shape, dtype }: TensorType): Tensor {
  const size = bufferSize(4 * sizeOf(shape));
  const buffer = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
  return Tensor.fromGpuBuffer(buffer, {
    dataType: dtype === 'i32' ? 'int32' : 'float32',
    dims: shape,
    dispose: () => buffer.destroy(),
  });
}

/** A copy of a {@link deviceTensor}'s contents; the tensor's own `getData` would move them to the host. */
export async function readDeviceTensor(device: GpuDevice, tensor: Tensor): Promise<TensorData> {
  const bytes = 4 * tensor.size;
  const size = bufferSize(bytes);
  const staging = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(tensor.gpuBuffer as GpuBuffer, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(READ);
  const contents = staging.getMappedRange().slice(0, bytes);
  staging.destroy();
  return tensor.type === 'int32' ? new Int32Array(contents) : new Float32Array(contents);
}

function bufferSize(bytes: number): number {
  return Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
}
