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

/** Where a `CUlaunchConfig` has what, in bytes, and its attribute's id and value. */
const CONFIG = { grid: 0, block: 12, stream: 32, attributes: 40, count: 48, bytes: 56 } as const;
const ATTRIBUTE_BYTES = 72;
/** `CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION` */
const OVERLAP = 6;

/** A `CUlaunchConfig` of a launch that may begin before the kernel before it has ended, for which it waits itself. */
export class OverlappingLaunch {
  private readonly config = new HostMemory(CONFIG.bytes);
  private readonly attribute = new HostMemory(ATTRIBUTE_BYTES);
  private readonly words = this.config.words();

  constructor() {
    const attribute = this.attribute.words();
    attribute[0] = OVERLAP;
    attribute[2] = 1;
    this.words.fill(1, CONFIG.grid / 4, CONFIG.block / 4 + 3);
    writePointer(this.words, CONFIG.attributes / 8, this.attribute.address);
    this.words[CONFIG.count / 4] = 1;
  }

  /** @returns the address of the configuration */
  set(blocks: number, threads: number, stream: number): number {
    this.words[CONFIG.grid / 4] = blocks;
    this.words[CONFIG.block / 4] = threads;
    writePointer(this.words, CONFIG.stream / 8, stream);
    return this.config.address;
  }
}
