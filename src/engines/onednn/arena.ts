import koffi from 'koffi';
import type { TensorData } from '../../graph/tensorType.js';
import { freeArrays } from '../host/freeArrays.js';
import type { ElementType, Pointer } from './memoryDesc.js';

/** Huge pages start at multiples of 2 MiB; a smaller arena is aligned to a cache line. */
const HUGE_PAGE = 2 ** 21;
const CACHE_LINE = 64;
const MADV_HUGEPAGE = 14;
/** Bytes of the smallest page. */
const PAGE = 4096;

/**
 * Memory shared by the library and TypeScript: an ArrayBuffer, whose pages the system supplies as they are
 * first written, and its address.
 */
export class Arena {
  readonly address: Pointer;
  private readonly buffer: ArrayBuffer;
  private readonly start: number;

  /** @param bytes initially zero */
  constructor(bytes: number) {
    const alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : CACHE_LINE;
    this.buffer = new ArrayBuffer(bytes + alignment);
    const base = Number(koffi.address(this.buffer));
    this.address = Math.ceil(base / alignment) * alignment;
    this.start = this.address - base;
    if (alignment === HUGE_PAGE) adviseHugePages(this.address, bytes);
  }

  /** Has the system supply all pages now: until one is written, it shows a page of zeros, which is read from a cache. Contents stay. */
  supply(): void {
    const bytes = new Uint8Array(this.buffer);
    for (let at = 0; at < bytes.length; at += PAGE) bytes[at]! |= 0;
  }

  /** Frees the memory at once; nothing may use it afterwards. */
  free(): void {
    freeArrays([new Uint8Array(this.buffer)]);
  }

  /** The contents at an offset as numbers of 32 bits. */
  view(type: ElementType, offset: number, length: number): TensorData {
    const start = this.start + offset;
    return type === 'i32'
      ? new Int32Array(this.buffer, start, length)
      : new Float32Array(this.buffer, start, length);
  }
}

/** Fewer and larger pages make first use and address translation faster; without such a system call, nothing is lost. */
function adviseHugePages(address: Pointer, bytes: number): void {
  if (process.platform !== 'linux') return;
  try {
    koffi.load(null).func('int madvise(uintptr_t, size_t, int)')(address, bytes, MADV_HUGEPAGE);
  } catch {}
}
