import type { LibraryHandle } from 'koffi';
import type { Pointer } from '../../../../src/engines/cuda/device.js';
import { UserError } from '../../../../src/errors.js';

/** The device's memory: what is allocated, and whether accesses are inside of it. */
export class Memory {
  private readonly allocations = new Map<Pointer, number>();
  private used = 0;
  private readonly native;

  /** @param limit bytes in all */
  constructor(
    library: LibraryHandle,
    private readonly limit: number,
  ) {
    this.native = {
      allocate: library.func('uintptr_t emulator_allocate(size_t)'),
      check: library.func('int emulator_check(uintptr_t, size_t)'),
      free: library.func('void emulator_free(uintptr_t, size_t)'),
      upload: library.func('void emulator_upload(uintptr_t, void *, size_t)'),
      download: library.func('void emulator_download(void *, uintptr_t, size_t)'),
      fill: library.func('void emulator_fill(uintptr_t, int, size_t)'),
    };
  }

  allocate(bytes: number): Pointer {
    if (!Number.isSafeInteger(bytes) || bytes <= 0) throw new Error(`${bytes} bytes cannot be allocated`);
    const pointer: Pointer = this.used + bytes > this.limit ? 0 : Number(this.native.allocate(bytes));
    if (pointer === 0)
      throw new UserError(
        `the device's memory is used up: ${bytes} bytes were asked for and ${this.limit - this.used} of ${this.limit} are free; lower the batch size`,
      );
    this.used += bytes;
    this.allocations.set(pointer, bytes);
    return pointer;
  }

  /** @throws Error for an address that was not allocated, and where something was written around it; it is freed all the same */
  free(pointer: Pointer): void {
    const bytes = this.allocations.get(pointer);
    if (bytes === undefined) throw new Error(`${hex(pointer)} was freed, which is not allocated`);
    const problem = this.problemOf(pointer, bytes);
    this.allocations.delete(pointer);
    this.used -= bytes;
    this.native.free(pointer, bytes);
    if (problem !== undefined) throw new Error(problem);
  }

  /** @throws Error where something was written before or after an allocation */
  checkGuards(): void {
    for (const [pointer, bytes] of this.allocations) {
      const problem = this.problemOf(pointer, bytes);
      if (problem !== undefined) throw new Error(problem);
    }
  }

  private problemOf(pointer: Pointer, bytes: number): string | undefined {
    const where: number = this.native.check(pointer, bytes);
    if (where === 0) return undefined;
    return `something was written ${where < 0 ? 'before' : 'after'} the ${bytes} bytes at ${hex(pointer)}`;
  }

  /** @throws Error unless the bytes are inside of one allocation */
  checkInside(what: string, pointer: Pointer, bytes: number): void {
    for (const [start, size] of this.allocations)
      if (pointer >= start && pointer + bytes <= start + size) return;
    throw new Error(`${what}: ${bytes} bytes at ${hex(pointer)} are not inside of an allocation`);
  }

  upload(pointer: Pointer, data: ArrayBufferView): void {
    this.checkInside('upload', pointer, data.byteLength);
    this.native.upload(pointer, bytesOf(data), data.byteLength);
  }

  download(pointer: Pointer, data: ArrayBufferView): void {
    this.checkInside('download', pointer, data.byteLength);
    this.native.download(bytesOf(data), pointer, data.byteLength);
  }

  copy(to: Pointer, from: Pointer, bytes: number): void {
    const data = new Uint8Array(bytes);
    this.download(from, data);
    this.upload(to, data);
  }

  fill(what: string, pointer: Pointer, byte: number, bytes: number): void {
    this.checkInside(what, pointer, bytes);
    this.native.fill(pointer, byte, bytes);
  }

  /**
   * Frees everything.
   *
   * @returns allocations that there were, and their bytes
   */
  clear(): { readonly count: number; readonly bytes: number } {
    const left = { count: this.allocations.size, bytes: this.used };
    for (const [pointer, bytes] of this.allocations) this.native.free(pointer, bytes);
    this.allocations.clear();
    this.used = 0;
    return left;
  }
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function hex(pointer: Pointer): string {
  return `0x${pointer.toString(16)}`;
}
