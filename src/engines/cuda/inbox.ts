import { type InputData, isImageBytes, type NamedInputs } from '../imageBytes.js';
import { ByteSlot } from './byteSlot.js';
import type { Stored } from './codegen/stored.js';
import type { Arrivals, Device, Kernel, Pointer } from './device.js';

/** Memory of an input, which a program reads. */
export interface InputPlace {
  readonly pointer: Pointer;
  readonly stored: Stored;
}

interface Slot {
  /** Where the input of the next run waits. */
  readonly from: Pointer;
  readonly to: InputPlace;
  /** Of an input that may be bytes. */
  readonly images: ByteSlot | undefined;
}

/**
 * Inputs that go up while a program runs. They wait in memory of their own until the next run: the one that runs still reads its own. So
 * there are two buffers, and between them a copy within the device. Images that are bytes always come this way, and become numbers
 * in place of the copy.
 */
export class Inbox {
  private readonly slots = new Map<string, Slot>();
  private readonly arrivals: Arrivals;
  /** What waits, and whether as bytes. */
  private waiting = new Map<string, boolean>();

  /**
   * @param unpack the kernel `unpackImages`
   * @param places of the inputs by name
   */
  constructor(
    private readonly device: Device,
    private readonly unpack: Kernel,
    places: ReadonlyMap<string, InputPlace>,
  ) {
    this.arrivals = device.arrivals();
    try {
      for (const [name, to] of places) {
        const images = byteSlotFor(to.stored);
        const bytes = Math.max(to.stored.buffer.bytes, images?.bytes ?? 0);
        this.slots.set(name, { from: device.allocate(bytes), to, images });
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Sends inputs of the next run, beside the present one. */
  send(inputs: NamedInputs): void {
    this.waiting.clear();
    for (const [name, data] of Object.entries(inputs)) this.put(name, data);
  }

  /** Has the run that begins read the inputs that wait, but for those that it was given; bytes that it was given are sent first. */
  take(given: NamedInputs): void {
    for (const [name, data] of Object.entries(given)) {
      if (isImageBytes(data)) this.put(name, data);
      else this.waiting.delete(name);
    }
    if (this.waiting.size === 0) return;
    this.arrivals.take(() => {
      for (const [name, isBytes] of this.waiting) this.move(this.slots.get(name)!, isBytes);
    });
    this.waiting.clear();
  }

  close(): void {
    this.arrivals.close();
    for (const { from } of this.slots.values()) this.device.free(from);
    this.slots.clear();
  }

  private put(name: string, data: InputData): void {
    const { from, images } = this.slots.get(name)!;
    if (isImageBytes(data)) images!.send(this.arrivals, from, data);
    else this.arrivals.upload(from, data);
    this.waiting.set(name, isImageBytes(data));
  }

  private move({ from, to, images }: Slot, isBytes: boolean): void {
    if (isBytes) images!.unpack(this.device, this.unpack, from, to.pointer);
    else this.device.copy(to.pointer, from, to.stored.buffer.bytes);
  }
}

/** The slot of an input of square images, which may be bytes. */
function byteSlotFor({ shape, type }: Stored): ByteSlot | undefined {
  return type === 'f32' && shape.length === 4 && shape[2] === shape[3] ? new ByteSlot(shape) : undefined;
}
