import type { Tensor } from 'onnxruntime-web';
import { sizeOf, type TensorType } from '../../../graph/tensorType.js';
import type { Ort } from './ort.js';

/** What is used of a `GPUBuffer`. */
type GpuBuffer = Tensor.GpuBufferType & {
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  destroy(): void;
};

/** What is used of a `GPUCommandEncoder`. */
interface GpuCommandEncoder {
  copyBufferToBuffer(from: GpuBuffer, at: number, to: GpuBuffer, toAt: number, bytes: number): void;
  finish(): object;
}

/** What is used of a `GPUDevice`. */
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
 * contents are anything.
 */
export function deviceTensor({ Tensor }: Ort, device: GpuDevice, { shape, dtype }: TensorType): Tensor {
  const bytes = 4 * sizeOf(shape);
  const size = Math.max(ALIGNMENT, Math.ceil(bytes / ALIGNMENT) * ALIGNMENT);
  const buffer = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
  const numbers = dtype === 'i32' ? Int32Array : Float32Array;
  return Tensor.fromGpuBuffer(buffer, {
    dataType: dtype === 'i32' ? 'int32' : 'float32',
    dims: shape,
    download: async () => new numbers((await contentsOf(device, buffer, size)).slice(0, bytes)),
    dispose: () => buffer.destroy(),
  });
}

/** A copy of a buffer. */
async function contentsOf(device: GpuDevice, buffer: GpuBuffer, size: number): Promise<ArrayBuffer> {
  const staging = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(READ);
  const contents = staging.getMappedRange().slice(0);
  staging.destroy();
  return contents;
}
