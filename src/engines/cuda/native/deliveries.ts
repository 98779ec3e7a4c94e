import type { Delivery, Download } from '../device.js';
import type { Driver } from './driver/driver.js';
import { aligned, bytesOf, type PinnedMemory, pinned } from './pinnedMemory.js';
import type { Staging } from './staging.js';

/** Arrays of more bytes together are waited for at once. */
const SLOT_BYTES = 4 * 2 ** 20;

/** Memory that a delivery comes through. */
interface Slot {
  readonly memory: PinnedMemory;
  /** Its last copy. */
  readonly event: number;
}

/**
 * Copies from the device that nothing waits for. They are in the stream's order, so what is added after them may write over what they
 * read; each has memory of its own until its arrays are filled.
 */
export class Deliveries {
  private readonly slots: Slot[] = [];
  private readonly idle: Slot[] = [];

  /** @param staging for what is too large */
  constructor(
    private readonly driver: Driver,
    private readonly stream: number,
    private readonly staging: Staging,
  ) {}

  /** Adds copies to the stream. */
  start(downloads: readonly Download[]): Delivery {
    const { driver } = this;
    const bytes = downloads.reduce((sum, { data }) => sum + aligned(data.byteLength), 0);
    if (bytes > SLOT_BYTES) {
      this.staging.download(downloads);
      return { isDone: () => true, wait: () => undefined };
    }
    const slot = this.idle.pop() ?? this.open();
    const copies: Copy[] = [];
    let start = 0;
    for (const { pointer, data } of downloads) {
      if (data.byteLength > 0)
        driver.copyToHost(slot.memory.address + start, pointer, data.byteLength, this.stream);
      copies.push({ to: bytesOf(data), start });
      start += aligned(data.byteLength);
    }
    driver.record(slot.event, this.stream);
    return new SlotDelivery(driver, slot, copies, () => this.idle.push(slot));
  }

  close(): void {
    this.idle.length = 0;
    for (const { event, memory } of this.slots.splice(0)) {
      this.driver.destroyEvent(event);
      this.driver.freeHost(memory.address);
    }
  }

  private open(): Slot {
    const slot = { memory: pinned(this.driver, SLOT_BYTES), event: this.driver.createAwaitedEvent() };
    this.slots.push(slot);
    return slot;
  }
}

/** Bytes of an array, and where in the slot they arrive. */
interface Copy {
  readonly to: Uint8Array;
  readonly start: number;
}

class SlotDelivery implements Delivery {
  private isFilled = false;

  /** @param free gives the slot back */
  constructor(
    private readonly driver: Driver,
    private readonly slot: Slot,
    private readonly copies: readonly Copy[],
    private readonly free: () => void,
  ) {}

  isDone(): boolean {
    if (!this.isFilled && this.driver.hasHappened(this.slot.event)) this.fill();
    return this.isFilled;
  }

  wait(): void {
    if (this.isFilled) return;
    this.driver.waitFor(this.slot.event);
    this.fill();
  }

  private fill(): void {
    const { bytes } = this.slot.memory;
    for (const { to, start } of this.copies) to.set(bytes.subarray(start, start + to.length));
    this.isFilled = true;
    this.free();
  }
}
