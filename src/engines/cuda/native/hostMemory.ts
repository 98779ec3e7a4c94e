import koffi from 'koffi';

/** Memory of the process that C is given the address of. It stays where it is, and is there as long as this object. */
export class HostMemory {
  readonly address: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  private readonly buffer: ArrayBuffer;

  /** @param size in bytes; initially zero */
  constructor(size: number) {
    this.buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(this.buffer);
    this.address = Number(koffi.address(this.buffer));
  }

  /** The contents as words of 32 bits, low before high. */
  words(): Uint32Array {
    return new Uint32Array(this.buffer);
  }
}

/** A variable that C writes. */
export class Cell {
  private readonly memory = new HostMemory(8);
  private readonly view = new DataView(this.memory.bytes.buffer);
  readonly address = this.memory.address;

  /** A handle, an address or a size: 64 bits. */
  get pointer(): number {
    return Number(this.view.getBigUint64(0, true));
  }

  set pointer(value: number) {
    this.view.setBigUint64(0, BigInt(value), true);
  }

  get int(): number {
    return this.view.getInt32(0, true);
  }

  get float(): number {
    return this.view.getFloat32(0, true);
  }
}

/** Writes an address as two words. */
export function writePointer(words: Uint32Array, index: number, pointer: number): void {
  words[2 * index] = pointer % 2 ** 32;
  words[2 * index + 1] = Math.floor(pointer / 2 ** 32);
}
