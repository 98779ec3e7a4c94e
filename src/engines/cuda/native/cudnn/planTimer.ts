import {
  BYTES,
  type ConvolutionPointers,
  type ConvolutionSpec,
  type Device,
  type StridedTensor,
} from '../../device.js';
import { OutOfDeviceMemory } from '../outOfDeviceMemory.js';
import { CudnnError } from './cudnn.js';
import type { ConvolutionPlan } from './plan.js';

/** Runs of each algorithm, and of the fastest ones for their order. */
const RUNS = 8;
const FINAL_RUNS = 40;
const FINALISTS = 3;
/** Tensors start at multiples of so many bytes. */
const ALIGNMENT = 256;

/** What the timer needs of the device. */
export interface TimedDevice extends Pick<Device, 'allocate' | 'free' | 'capture' | 'time'> {
  /** Fills memory with random numbers. */
  fill(pointer: number, bytes: number): void;
}

/** Measures algorithms on tensors of random numbers. Its memory is kept for the next measurement until it is released. */
export class PlanTimer {
  private memory: { readonly pointer: number; readonly bytes: number } | undefined;

  constructor(private readonly device: TimedDevice) {}

  /**
   * Milliseconds that each algorithm takes, infinite for one that fails.
   *
   * @returns undefined where the device has too little memory left
   */
  time(spec: ConvolutionSpec, plans: readonly ConvolutionPlan[]): number[] | undefined {
    if (plans.length === 0) return [];
    const layout = layOut(spec, Math.max(...plans.map(({ workspaceBytes }) => workspaceBytes)));
    const base = this.reserve(layout.bytes);
    if (base === undefined) return undefined;
    this.device.fill(base, layout.workspace);
    const pointers = layout.pointers(base);
    const measure = (plan: ConvolutionPlan, runs: number): number =>
      this.measure(() => plan.run(pointers, base + layout.workspace), runs);
    const times = plans.map((plan) => measure(plan, RUNS));
    const last = [...times].sort((a, b) => a - b)[FINALISTS - 1] ?? Number.POSITIVE_INFINITY;
    if (plans.length === 1) return times;
    return times.map((time, index) => (time <= last ? measure(plans[index]!, FINAL_RUNS) : time + last));
  }

  /** Frees the memory. */
  release(): void {
    if (this.memory !== undefined) this.device.free(this.memory.pointer);
    this.memory = undefined;
  }

  /** The time of one run among several in a graph, so that the time of starting them does not count. */
  private measure(run: () => void, runs: number): number {
    try {
      run();
      const graph = this.device.capture(() => {
        for (let index = 0; index < runs; index++) run();
      });
      this.device.time(() => graph.launch());
      const ms = this.device.time(() => graph.launch()) / runs;
      graph.close();
      return ms;
    } catch (error) {
      if (error instanceof CudnnError) return Number.POSITIVE_INFINITY;
      throw error;
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

/** Where a convolution's tensors lie in a block of memory: their pointers from its start, where the workspace begins, its size. */
function layOut(
  { image, filter, result, epilogue }: ConvolutionSpec,
  workspaceBytes: number,
): {
  readonly bytes: number;
  readonly workspace: number;
  pointers(base: number): ConvolutionPointers;
} {
  let end = 0;
  const place = (bytes: number): number => {
    const start = end;
    end += Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    return start;
  };
  const [imageAt, filterAt, resultAt] = [image, filter, result].map((tensor) => place(bytesOf(tensor)));
  const biasAt = epilogue?.bias ? place(4 * result.shape[1]!) : undefined;
  const addendAt = epilogue?.addend ? place(bytesOf(result)) : undefined;
  const workspace = end;
  return {
    bytes: workspace + workspaceBytes,
    workspace,
    pointers: (base) => ({
      image: base + imageAt!,
      filter: base + filterAt!,
      result: base + resultAt!,
      bias: biasAt === undefined ? undefined : base + biasAt,
      addend: addendAt === undefined ? undefined : base + addendAt,
    }),
  };
}

/** Bytes from a tensor's first element to its last. */
function bytesOf({ type, shape, strides }: StridedTensor): number {
  return BYTES[type] * (1 + shape.reduce((last, size, axis) => last + (size - 1) * strides[axis]!, 0));
}
