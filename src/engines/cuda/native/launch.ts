import type { Kernel, Pointer } from '../device.js';
import { HostMemory, writePointer } from './hostMemory.js';

/** Most parameters of a kernel: 4 KiB of pointers. */
const MOST_PARAMETERS = 512;

/** A kernel in the device's memory. */
export class LoadedKernel implements Kernel {
  constructor(
    readonly name: string,
    readonly address: number,
  ) {}
}

/** The parameters of a launch, which copies them: pointers, and the addresses of the pointers. */
export class Parameters {
  private readonly values = new HostMemory(8 * MOST_PARAMETERS);
  private readonly words = this.values.words();
  private readonly addresses = new HostMemory(8 * MOST_PARAMETERS);

  constructor() {
    const words = this.addresses.words();
    for (let index = 0; index < MOST_PARAMETERS; index++)
      writePointer(words, index, this.values.address + 8 * index);
  }

  /** @returns the address of the addresses */
  set(pointers: readonly Pointer[]): number {
    if (pointers.length > MOST_PARAMETERS)
      throw new Error(`a kernel has at most ${MOST_PARAMETERS} parameters, not ${pointers.length}`);
    for (let index = 0; index < pointers.length; index++) writePointer(this.words, index, pointers[index]!);
    return this.addresses.address;
  }
}
