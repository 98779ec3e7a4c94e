import { sizeOf, type TensorData } from '../../graph/tensorType.js';
import { layOut, type MemoryPlan, planMemory } from '../planning/memoryPlan.js';
import { Arena } from './arena.js';
import type { Pointer } from './memoryDesc.js';
import type { Place, PlanBuffer } from './plan/place.js';
import type { Plan } from './plan/plan.js';
import { readsOf, type Step, writesOf } from './plan/step.js';

/** A part of a plan's memory. */
interface Region {
  readonly arena: Arena;
  readonly offsets: ReadonlyMap<number, number>;
}

function region({ bytes, offsets }: MemoryPlan): Region {
  return { arena: new Arena(bytes), offsets };
}

function uses(steps: readonly Step[]): { readonly buffers: readonly PlanBuffer[] }[] {
  return steps.map((step) => ({
    buffers: [...readsOf(step), ...writesOf(step)].map(({ buffer }) => buffer),
  }));
}

/** Memory of a plan: for a run, for all runs, and for the prologue only. */
export class PlanMemory {
  private readonly changing: Region;
  private readonly lasting: Region;
  private prologue: Region | undefined;

  constructor(
    { steps, prologue, buffers, inputs, outputs }: Plan,
    private readonly variable: (name: string) => Arena,
  ) {
    const pinned = new Set([...inputs.values(), ...outputs.values()].map(({ buffer }) => buffer));
    this.changing = region(planMemory(uses(steps), ({ storage }) => storage === 'transient', pinned));
    const used = new Set(
      steps.flatMap((step) => [...readsOf(step), ...writesOf(step)]).map(({ buffer }) => buffer),
    );
    const made = new Set(prologue.flatMap(writesOf).map(({ buffer }) => buffer));
    const lasts = (buffer: PlanBuffer): boolean =>
      used.has(buffer) || pinned.has(buffer) || !made.has(buffer);
    const isStatic = ({ storage }: PlanBuffer): boolean => storage === 'static';
    this.lasting = region(layOut(buffers.filter((buffer) => isStatic(buffer) && lasts(buffer))));
    this.prologue = region(planMemory(uses(prologue), (buffer) => isStatic(buffer) && !lasts(buffer)));
  }

  /** Frees what only the prologue needed. */
  endPrologue(): void {
    this.prologue?.arena.free();
    this.prologue = undefined;
  }

  /** Has the system supply all memory, as if all of it had been written. */
  supply(): void {
    for (const { arena } of [this.changing, this.lasting]) arena.supply();
  }

  /** Frees everything except the variables. */
  free(): void {
    for (const { arena } of [this.changing, this.lasting]) arena.free();
    this.endPrologue();
  }

  address(place: Place): Pointer {
    const { arena, offset } = this.find(place.buffer);
    return arena.address + offset + place.offset;
  }

  /** A row-major place as an array. */
  view(place: Place): TensorData {
    const { arena, offset } = this.find(place.buffer);
    return arena.view(place.desc.type, offset + place.offset, sizeOf(place.desc.shape));
  }

  private find(buffer: PlanBuffer): { arena: Arena; offset: number } {
    if (buffer.variable !== undefined) return { arena: this.variable(buffer.variable), offset: 0 };
    for (const { arena, offsets } of [
      this.changing,
      this.lasting,
      ...(this.prologue ? [this.prologue] : []),
    ]) {
      const offset = offsets.get(buffer.id);
      if (offset !== undefined) return { arena, offset };
    }
    throw new Error(`buffer ${buffer.id} is not in use`);
  }
}
