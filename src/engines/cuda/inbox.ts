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
  readonly to: InputPlace;
  /** Of an input that may be bytes. */
  readonly images: ByteSlot | undefined;
}

/**
 * Inputs that go up while a program runs. They wait in memory of their own until the next run: the one that runs still reads its own. So
 * there are two buffers, and between them a copy within the device. Images that are bytes always come this way, and become numbers
 * in place of the copy. An input has this memory from the first time on that it comes so: evaluations need none.
 */
export class Inbox {
  private readonly slots: ReadonlyMap<string, Slot>;
  /** Where inputs wait, by name. */
  private readonly memory = new Map<string, Pointer>();
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
    this.slots = new Map(Array.from(places, ([name, to]) => [name, { to, images: byteSlotFor(to.stored) }]));
  }

  /** Sends inputs of the next run, beside the present one. */
  send(inputs: NamedInputs): void {
    this.waiting.clear();
    for (const [name, data] of Object.entries(inputs)) this.put(name, data);
  }

  /** Drops the inputs that wait. */
  forget(): void {
    this.waiting.clear();
  }

  /**
   * Has the run that begins read the inputs that wait, but for those that it was given; bytes that it was given are sent first.
   *
   * @throws Error naming an input that neither waits nor was given: it was sent with a run that failed
   */
  take(given: NamedInputs): void {
    for (const name of this.slots.keys())
      if (!(name in given || this.waiting.has(name)))
        throw new Error(`the input ${name} is missing: the run that it was given ahead with has failed`);
    for (const [name, data] of Object.entries(given)) {
      if (isImageBytes(data)) this.put(name, data);
      else this.waiting.delete(name);
    }
    if (this.waiting.size === 0) return;
    this.arrivals.take(() => {
      for (const [name, isBytes] of this.waiting) this.move(name, isBytes);
    });
    this.waiting.clear();
  }

  close(): void {
    this.arrivals.close();
    for (const pointer of this.memory.values()) this.device.free(pointer);
    this.memory.clear();
  }

  private put(name: string, data: InputData): void {
    const { images } = this.slots.get(name)!;
    const from = this.memoryOf(name);
    if (isImageBytes(data)) images!.send(this.arrivals, from, data);
    else this.arrivals.upload(from, data);
    this.waiting.set(name, isImageBytes(data));
  }

  private move(name: string, isBytes: boolean): void {
    const { to, images } = this.slots.get(name)!;
    const from = this.memoryOf(name);
    if (isBytes) images!.unpack(this.device, this.unpack, from, to.pointer);
    else this.device.copy(to.pointer, from, to.stored.buffer.bytes);
  }

  private memoryOf(name: string): Pointer {
    const known = this.memory.get(name);
    if (known !== undefined) return known;
    const { to, images } = this.slots.get(name)!;
    const pointer = this.device.allocate(Math.max(to.stored.buffer.bytes, images?.bytes ?? 0));
    this.memory.set(name, pointer);
    return pointer;
  }
}

/** The slot of an input of square images, which may be bytes. */
function byteSlotFor({ shape, type }: Stored): ByteSlot | undefined {
  return type === 'f32' && shape.length === 4 && shape[2] === shape[3] ? new ByteSlot(shape) : undefined;
}
