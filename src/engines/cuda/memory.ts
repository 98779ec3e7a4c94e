import { type BufferUse, layOut, type MemoryPlan, planMemory } from '../planning/memoryPlan.js';
import type { Device, Pointer } from './device.js';
import type { PlanBuffer } from './plan/buffer.js';
import type { Plan } from './plan/plan.js';
import type { Step } from './plan/step.js';

/** What the device's libraries and vector loads ask of a tensor's address. */
const ALIGNMENT = 256;

/** A part of the device's memory. */
interface Region {
  readonly pointer: Pointer;
  readonly offsets: ReadonlyMap<number, number>;
}

function uses(steps: readonly Step[], asides: ReadonlyMap<number, number>): BufferUse<PlanBuffer>[] {
  return steps.map(({ reads, writes }, index) => ({
    buffers: [...reads, ...writes],
    until: asides.get(index),
  }));
}

/** The memory of a plan: what changes in a run, and what lasts. */
export class PlanMemory {
  /** Bytes of all of it, without the variables. */
  readonly bytes: number;
  private readonly regions: Region[] = [];

  /** @param variable the pointers of variables, by name */
  constructor(
    private readonly device: Device,
    { steps, asides, buffers }: Plan,
    private readonly variable: (name: string) => Pointer,
  ) {
    const changing = planMemory(
      uses(steps, asides),
      ({ storage }) => storage === 'transient',
      new Set(),
      ALIGNMENT,
    );
    const lasting = layOut(
      buffers.filter(({ storage }) => storage === 'static' || storage === 'constant'),
      ALIGNMENT,
    );
    this.bytes = changing.bytes + lasting.bytes;
    try {
      for (const { bytes, offsets } of [changing, lasting])
        this.regions.push({ pointer: this.claim(bytes), offsets });
    } catch (error) {
      this.free();
      throw error;
    }
    this.clear(lasting);
  }

  /** Address of a buffer. */
  pointer(buffer: PlanBuffer): Pointer {
    if (buffer.variable !== undefined) return this.variable(buffer.variable);
    for (const { pointer, offsets } of this.regions) {
      const offset = offsets.get(buffer.id);
      if (offset !== undefined) return pointer + offset;
    }
    throw new Error(`buffer ${buffer.id} is not in use`);
  }

  free(): void {
    for (const { pointer } of this.regions) this.device.free(pointer);
    this.regions.length = 0;
  }

  private claim(bytes: number): Pointer {
    return this.device.allocate(Math.max(bytes, ALIGNMENT));
  }

  /** Counters begin at zero. */
  private clear({ bytes }: MemoryPlan): void {
    if (bytes > 0) this.device.clear(this.regions[1]!.pointer, bytes);
  }
}
