import { type Shape, sizeOf } from '../../graph/tensorType.js';
import type { ImageBytes } from '../imageBytes.js';
import type { Arrivals, Device, Kernel, Pointer } from './device.js';
import { unpackShape } from './kernels/unpackImages.js';

/** Parts of the memory begin at multiples of so many bytes. */
const ALIGNMENT = 256;

function aligned(bytes: number): number {
  return ALIGNMENT * Math.ceil(bytes / ALIGNMENT);
}

/** Images as bytes on the device: their sizes, tables and placements, and then the bytes. */
export class ByteSlot {
  /** Bytes that it takes. */
  readonly bytes: number;
  private readonly tables: number;
  private readonly placements: number;
  private readonly pixels: number;

  /** @param shape [N, C, S, S] */
  constructor(private readonly shape: Shape) {
    const [count, channels] = shape as readonly [number, number, number, number];
    this.tables = ALIGNMENT;
    this.placements = this.tables + aligned(4 * 256 * channels);
    this.pixels = this.placements + aligned(4 * 3 * count);
    this.bytes = this.pixels + aligned(sizeOf(shape));
  }

  /** Sends images to the slot's memory. */
  send(arrivals: Arrivals, slot: Pointer, { tables, placements, pixels }: ImageBytes): void {
    const [, channels, size] = this.shape;
    arrivals.upload(slot, Int32Array.of(size!, channels!));
    arrivals.upload(slot + this.tables, tables);
    arrivals.upload(slot + this.placements, placements);
    arrivals.upload(slot + this.pixels, pixels);
  }

  /** Adds the work that writes them as numbers. */
  unpack(device: Device, kernel: Kernel, slot: Pointer, images: Pointer): void {
    const [count, channels, size] = this.shape as readonly [number, number, number, number];
    device.launch(kernel, unpackShape(count * channels * size, size), [
      slot,
      ...[this.tables, this.placements, this.pixels].map((offset) => slot + offset),
      images,
    ]);
  }
}
