import koffi from 'koffi';
import type { Driver } from './driver/driver.js';

/** Memory of the process that the device reads and writes itself. */
export interface PinnedMemory {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** Copies start at multiples of so many bytes. */
const ALIGNMENT = 64;

/** Allocates so many bytes. */
export function pinned(driver: Driver, bytes: number): PinnedMemory {
  const address = driver.allocateHost(bytes);
  return { address, bytes: new Uint8Array(koffi.view(BigInt(address), bytes)) };
}

/** The next place where a copy may start. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** An array's bytes. */
export function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
