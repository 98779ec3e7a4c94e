import type { MachinePeaks } from '../engine.js';
import { type Arithmetic, BYTES, type Device, type KernelSource, type StridedTensor } from './device.js';

/** Bytes of a vector load. */
const VECTOR = 16;
const THREADS = 256;
/** Vectors of a thread. */
const EACH = 4;

/** Random numbers that are made. No power of two: rows of a matrix differ. */
const RANDOM = 1_000_003;

/** What is measured with. */
export interface PeakSizes {
  /** Of a tensor that no cache holds. Default 1 GiB. */
  readonly bytes?: number;
  /** Rows and columns of the matrices. Default 8192. */
  readonly rows?: number;
  /** Runs of each, of which the fastest counts. Default 10. */
  readonly runs?: number;
}

/** Measures a device: copying a tensor, changing it in place, and products of square matrices. */
export async function measurePeaks(
  device: Device,
  { bytes = 2 ** 30, rows = 8192, runs = 10 }: PeakSizes = {},
): Promise<MachinePeaks> {
  const { copy, memory } = await memoryPeaks(device, bytes, runs);
  return {
    f32: productPeak(device, 'f32', rows, runs),
    tf32: device.hasBf16 ? productPeak(device, 'tf32', rows, runs) : undefined,
    bf16: device.hasBf16 ? productPeak(device, 'bf16', rows, runs) : undefined,
    memory,
    copy,
  };
}

/** Least milliseconds of several runs after one that is not counted. */
function least(device: Device, runs: number, body: () => void): number {
  body();
  return Math.min(...Array.from({ length: runs }, () => device.time(body)));
}

/** A kernel that does something with each vector of a tensor. */
function vectorKernel(name: string, parameters: string, statement: string): KernelSource {
  const body = `unsigned i = (blockIdx.x * ${EACH}u + k) * ${THREADS}u + threadIdx.x; ${statement}`;
  const source =
    `extern "C" __global__ void __launch_bounds__(${THREADS}) ${name}(${parameters}) {\n` +
    `#pragma unroll\nfor (unsigned k = 0; k < ${EACH}u; k++) { ${body} }\n}\n`;
  return { name, source };
}

/** Bytes read and written a second. */
async function memoryPeaks(
  device: Device,
  bytes: number,
  runs: number,
): Promise<Pick<MachinePeaks, 'copy' | 'memory'>> {
  const blocks = Math.ceil(bytes / (VECTOR * THREADS * EACH));
  const size = blocks * VECTOR * THREADS * EACH;
  const shape = { blocks, threads: THREADS };
  const [copy, change] = await device.compile([
    vectorKernel('peak_copy', 'const uint4* __restrict__ from, uint4* __restrict__ to', 'to[i] = from[i];'),
    vectorKernel('peak_change', 'uint4* values', 'uint4 v = values[i]; v.x += 1u; values[i] = v;'),
  ]);
  const [from, to] = [device.allocate(size), device.allocate(size)];
  try {
    device.clear(from, size);
    const copied = least(device, runs, () => device.launch(copy!, shape, [from, to]));
    const changed = least(device, runs, () => device.launch(change!, shape, [to]));
    return { copy: (2000 * size) / copied, memory: (2000 * size) / changed };
  } finally {
    device.free(from);
    device.free(to);
  }
}

/** Floating-point operations a second of a product of square matrices. */
function productPeak(device: Device, arithmetic: Arithmetic, rows: number, runs: number) {
  const type = arithmetic === 'bf16' ? 'bf16' : 'f32';
  const tensor: StridedTensor = { type, shape: [rows, rows], strides: [rows, 1] };
  const prepared = device.product({ a: tensor, b: tensor, c: tensor, arithmetic });
  const bytes = rows * rows * BYTES[type];
  const pointers = [bytes, bytes, bytes, Math.max(prepared.workspaceBytes, 1)].map((size) =>
    device.allocate(size),
  );
  try {
    const [a, b, c, workspace] = pointers as [number, number, number, number];
    for (const [seed, pointer] of [a, b].entries())
      device.upload(pointer, randomNumbers(rows * rows, type, seed));
    const milliseconds = least(device, runs, () => prepared.run({ a, b, c }, workspace));
    return (2000 * rows ** 3) / milliseconds;
  } finally {
    for (const pointer of pointers) device.free(pointer);
    prepared.close();
  }
}

/** Numbers between −1 and 1 of all kinds of bits, which repeat after a while: products of zeros need less power, and are faster. */
function randomNumbers(count: number, type: 'f32' | 'bf16', seed: number): ArrayBufferView {
  const part = new Float32Array(Math.min(count, RANDOM));
  let state = seed + 1;
  for (let i = 0; i < part.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    part[i] = state / 2 ** 31 - 1;
  }
  const numbers =
    type === 'f32' ? part : Uint16Array.from(new Uint32Array(part.buffer), (bits) => bits >>> 16);
  const all = type === 'f32' ? new Float32Array(count) : new Uint16Array(count);
  for (let done = 0; done < count; done += part.length)
    all.set(numbers.subarray(0, Math.min(part.length, count - done)), done);
  return all;
}
