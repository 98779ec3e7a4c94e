import { BYTES, type CapturedGraph, type Device, type Pointer, type StridedTensor } from '../../device.js';
import { LibraryError } from '../libraryError.js';
import { OutOfDeviceMemory } from '../outOfDeviceMemory.js';
import type { Candidate } from './candidate.js';

/** Runs of each algorithm, and of the fastest ones for their order. */
const RUNS = 8;
const FINAL_RUNS = 40;
const FINALISTS = 3;
/** Tensors start at multiples of so many bytes. */
const ALIGNMENT = 256;

/** Places a task's tensors, each by its size in bytes. */
export type Layout<Pointers> = (place: (bytes: number) => Pointer) => Pointers;

/** What the timer needs of the device. */
export interface TimedDevice extends Pick<Device, 'allocate' | 'free' | 'capture' | 'time'> {
  /** Fills memory with random numbers. */
  fill(pointer: number, bytes: number): void;
}

/** Measures algorithms on tensors of random numbers. Its memory is kept for the next measurement until it is released. */
export class PlanTimer {
  private memory: { readonly pointer: number; readonly bytes: number } | undefined;
  /** Whether an algorithm failed for lack of memory since the last measurement began. */
  private lacksMemory = false;

  constructor(private readonly device: TimedDevice) {}

  /**
   * Milliseconds that each algorithm takes, infinite for one that fails.
   *
   * @returns undefined where the device has too little memory left
   */
  time<Pointers>(layout: Layout<Pointers>, candidates: readonly Candidate<Pointers>[]): number[] | undefined {
    if (candidates.length === 0) return [];
    const tensors = layOut(layout, 0).bytes;
    const base = this.reserve(
      tensors + Math.max(...candidates.map(({ workspaceBytes }) => workspaceBytes), 1),
    );
    if (base === undefined) return undefined;
    this.lacksMemory = false;
    this.device.fill(base, tensors);
    const { pointers } = layOut(layout, base);
    const measure = (candidate: Candidate<Pointers>, runs: number): number =>
      this.measure(() => candidate.run(pointers, base + tensors), runs);
    const all = candidates.map((candidate) => measure(candidate, RUNS));
    const times = candidates.length > 1 ? withFinals(all, (i) => measure(candidates[i]!, FINAL_RUNS)) : all;
    return this.lacksMemory && !times.some(Number.isFinite) ? undefined : times;
  }

  /** Frees the memory. */
  release(): void {
    if (this.memory !== undefined) this.device.free(this.memory.pointer);
    this.memory = undefined;
  }

  /** The time of one run among several in a graph, so that the time of starting them does not count. */
  private measure(run: () => void, runs: number): number {
    let graph: CapturedGraph | undefined;
    try {
      run();
      graph = this.device.capture(() => {
        for (let index = 0; index < runs; index++) run();
      });
      const timed = (captured: CapturedGraph): number => this.device.time(() => captured.launch());
      timed(graph);
      return timed(graph) / runs;
    } catch (error) {
      if (error instanceof OutOfDeviceMemory) this.lacksMemory = true;
      else if (!(error instanceof LibraryError)) throw error;
      return Number.POSITIVE_INFINITY;
    } finally {
      graph?.close();
    }
  }

  private reserve(bytes: number): number | undefined {
    if (this.memory !== undefined && this.memory.bytes >= bytes) return this.memory.pointer;
    this.release();
    try {
      this.memory = { pointer: this.device.allocate(bytes), bytes };
      return this.memory.pointer;
    } catch (error) {
      if (error instanceof OutOfDeviceMemory) return undefined;
      throw error;
    }
  }
}

/** Times of which the least are measured again. */
function withFinals(times: readonly number[], measure: (index: number) => number): number[] {
  const last = [...times].sort((a, b) => a - b)[FINALISTS - 1] ?? Number.POSITIVE_INFINITY;
  return times.map((time, index) => (time <= last && Number.isFinite(time) ? measure(index) : time + last));
}

/** Pointers of tensors one after the other, and how many bytes they take. */
function layOut<Pointers>(layout: Layout<Pointers>, base: Pointer): { pointers: Pointers; bytes: number } {
  let bytes = 0;
  const pointers = layout((size) => {
    const start = base + bytes;
    bytes += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    return start;
  });
  return { pointers, bytes };
}

/** Bytes from a tensor's first element to its last. */
export function extentOf({ type, shape, strides }: StridedTensor): number {
  return BYTES[type] * (1 + shape.reduce((last, size, axis) => last + (size - 1) * strides[axis]!, 0));
}
