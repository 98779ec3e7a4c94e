import type { NamedData } from '../engine.js';
import type { Arrivals, Device, Pointer } from './device.js';

/** Memory of an input, which a program reads. */
export interface InputPlace {
  readonly pointer: Pointer;
  readonly bytes: number;
}

interface Slot {
  /** Where the input of the next run waits. */
  readonly from: Pointer;
  readonly to: InputPlace;
}

/**
 * Inputs that go up while a program runs. They wait in memory of their own until the next run: the one that runs still reads its own. So
 * there are two buffers, and between them a copy within the device.
 */
export class Inbox {
  private readonly slots = new Map<string, Slot>();
  private readonly arrivals: Arrivals;
  private waiting: readonly string[] = [];

  /** @param places of the inputs by name */
  constructor(
    private readonly device: Device,
    places: ReadonlyMap<string, InputPlace>,
  ) {
    this.arrivals = device.arrivals();
    try {
      for (const [name, to] of places) this.slots.set(name, { from: device.allocate(to.bytes), to });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Sends inputs of the next run, beside the present one. */
  send(inputs: NamedData): void {
    for (const [name, data] of Object.entries(inputs)) this.arrivals.upload(this.slots.get(name)!.from, data);
    this.waiting = Object.keys(inputs);
  }

  /** Has the run that begins read the inputs that wait, but for those that it was given. */
  take(given: NamedData): void {
    const taken = this.waiting
      .filter((name) => !Object.hasOwn(given, name))
      .map((name) => this.slots.get(name)!);
    this.waiting = [];
    if (taken.length === 0) return;
    this.arrivals.take(() => {
      for (const { from, to } of taken) this.device.copy(to.pointer, from, to.bytes);
    });
  }

  close(): void {
    this.arrivals.close();
    for (const { from } of this.slots.values()) this.device.free(from);
    this.slots.clear();
  }
}
