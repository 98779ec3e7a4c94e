import { existsSync, readFileSync } from 'node:fs';
import koffi from 'koffi';
import { sizeOf } from '../../graph/tensorType.js';
import type { MachinePeaks } from '../engine.js';
import { Arena } from './arena.js';
import { ARG, type Dnnl, DnnlError } from './dnnl.js';
import type { ElementType, MemoryDesc, Pointer } from './memoryDesc.js';
import type { ConvSpec, EltwiseSpec, MatmulSpec, PrimitiveSpec } from './primitiveSpec.js';

const MIB = 2 ** 20;
/** Assumed size of the last-level cache where the system does not report it. */
const USUAL_CACHE = 64 * MIB;
const LARGEST_TENSOR = 512 * MIB;
const LAST_CACHE = '/sys/devices/system/cpu/cpu0/cache/index3/size';

/** Limits for timing a primitive: executions, and milliseconds. */
const REPEATS = 60;
const BUDGET = 250;

/** A tensor in memory of its own. */
interface Tensor {
  readonly desc: MemoryDesc;
  readonly address: Pointer;
  /** Keeps the memory alive. */
  readonly arena: Arena;
}

function allocate(desc: MemoryDesc): Tensor {
  const arena = new Arena(desc.bytes);
  return { desc, address: arena.address, arena };
}

/** A tensor of numbers between −½ and ½. */
function filled(dnnl: Dnnl, desc: MemoryDesc): Tensor {
  const source = allocate(dnnl.strided(desc.shape, 'f32'));
  const numbers = source.arena.view('f32', 0, sizeOf(desc.shape));
  for (let i = 0; i < numbers.length; i++) numbers[i] = ((i * 97) % 257) / 257 - 0.5;
  const result = allocate(desc);
  bestTime(
    dnnl,
    { kind: 'reorder', src: source.desc, dst: desc },
    { [ARG.src]: source, [ARG.dst]: result },
    1,
  );
  return result;
}

/** Milliseconds of the fastest of several executions. */
function bestTime(
  dnnl: Dnnl,
  spec: PrimitiveSpec,
  tensors: Readonly<Record<number, Tensor>>,
  repeats = REPEATS,
): number {
  const primitive = dnnl.primitive(spec);
  const scratchpad = primitive.desc('scratchpad');
  const all = { ...tensors, ...(scratchpad && { [ARG.scratchpad]: allocate(scratchpad) }) };
  const memories = Object.values(all).map(({ desc, address }) => dnnl.memory(desc, address));
  const list = BigUint64Array.from(Object.keys(all).flatMap((arg, i) => [BigInt(arg), BigInt(memories[i]!)]));
  try {
    let best = Number.POSITIVE_INFINITY;
    const end = performance.now() + BUDGET;
    for (let i = 0; i < repeats && (i < 2 || performance.now() < end); i++) {
      const begin = performance.now();
      const status = dnnl.execute(primitive.handle, memories.length, Number(koffi.address(list.buffer)));
      best = Math.min(best, performance.now() - begin);
      if (status !== 0) throw new DnnlError(`oneDNN ${dnnl.version}: ${dnnl.statusText(status)}`);
    }
    return best;
  } finally {
    for (const memory of memories) dnnl.releaseMemory(memory);
    dnnl.release(primitive);
  }
}

/** A convolution of as many images as there are threads, small enough for their own caches. */
function convolutionRate(dnnl: Dnnl, type: ElementType, threads: number, channels: number): number {
  const shape = [threads, channels, 28, 28];
  const spec: ConvSpec = {
    kind: 'convolution',
    dilation: [1, 1],
    pass: 'training',
    strides: [1, 1],
    paddingBegin: [1, 1],
    paddingEnd: [1, 1],
    src: dnnl.any(shape, type),
    weights: dnnl.any([channels, channels, 3, 3], type),
    dst: dnnl.any(shape, type),
  };
  const primitive = dnnl.primitive(spec);
  const tensors = {
    [ARG.src]: filled(dnnl, primitive.desc('src')!),
    [ARG.weights]: filled(dnnl, primitive.desc('weights')!),
    [ARG.dst]: allocate(primitive.desc('dst')!),
  };
  dnnl.release(primitive);
  return (2 * sizeOf(shape) * channels * 9) / (bestTime(dnnl, spec, tensors) / 1000);
}

/** A square matrix product. */
function matmulRate(dnnl: Dnnl, type: ElementType, size: number): number {
  const desc = dnnl.strided([size, size], type);
  const spec: MatmulSpec = { kind: 'matmul', a: desc, b: desc, dst: desc };
  const [a, b, dst] = [filled(dnnl, desc), filled(dnnl, desc), allocate(desc)];
  const tensors = { [ARG.src]: a, [ARG.weights]: b, [ARG.dst]: dst };
  return (2 * size ** 3) / (bestTime(dnnl, spec, tensors) / 1000);
}

/** The fastest of a few well-shaped primitives, in floating-point operations a second. */
function computeRate(dnnl: Dnnl, type: ElementType, threads: number): number {
  return Math.max(
    convolutionRate(dnnl, type, threads, 128),
    convolutionRate(dnnl, type, threads, 256),
    matmulRate(dnnl, type, 768),
  );
}

function bf16Rate(dnnl: Dnnl, threads: number): number | undefined {
  try {
    return computeRate(dnnl, 'bf16', threads);
  } catch (error) {
    if (error instanceof DnnlError) return undefined;
    throw error;
  }
}

/** Bytes of a tensor that the last cache holds less than a quarter of. */
function largeTensor(): number {
  const text = existsSync(LAST_CACHE) ? readFileSync(LAST_CACHE, 'utf8') : '';
  const match = /^(\d+)([KM])/.exec(text);
  const cache = match ? Number(match[1]) * (match[2] === 'M' ? MIB : 1024) : USUAL_CACHE;
  return Math.min(5 * cache, LARGEST_TENSOR);
}

function memoryRates(dnnl: Dnnl): Pick<MachinePeaks, 'memory' | 'copy'> {
  const bytes = largeTensor();
  const desc = dnnl.strided([bytes / 4], 'f32');
  const [x, y] = [allocate(desc), allocate(desc)];
  const relu: EltwiseSpec = { kind: 'eltwise', pass: 'forward', fn: 'relu', alpha: 0, beta: 0, data: desc };
  // Each is written once before it is read: pages that nothing was written to are one page of zeros.
  for (const tensor of [x, y]) bestTime(dnnl, relu, { [ARG.src]: tensor, [ARG.dst]: tensor }, 1);
  const rate = (milliseconds: number): number => (2 * bytes) / (milliseconds / 1000);
  const inPlace = rate(bestTime(dnnl, relu, { [ARG.src]: x, [ARG.dst]: x }));
  const reorder = { kind: 'reorder', src: desc, dst: desc } as const;
  const copy = rate(bestTime(dnnl, reorder, { [ARG.src]: x, [ARG.dst]: y }));
  return { memory: Math.max(inPlace, copy), copy };
}

/** Measures the machine with the library's own primitives: the best of several executions of each. */
export function measurePeaks(dnnl: Dnnl, threads: number): MachinePeaks {
  return { f32: computeRate(dnnl, 'f32', threads), bf16: bf16Rate(dnnl, threads), ...memoryRates(dnnl) };
}
