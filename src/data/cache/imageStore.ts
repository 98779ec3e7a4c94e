import { closeSync, openSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, NO_CACHE } from '../../cacheFolder.js';
import { errorMessage, UserError } from '../../errors.js';
import { makeFolder } from '../../makeFolder.js';
import type { CachePlace } from './cachePlace.js';
import { freeMemory } from './freeMemory.js';

/** What loaders and their workers need of an {@link ImageStore}: it is shared between threads, not copied. */
export interface StoreHandle {
  /** In shared memory: bytes taken so far, 1 after an image did not fit, and bytes of the images that are kept. */
  readonly taken: BigInt64Array;
  /** Bytes that may be taken. */
  readonly most: number;
  /** Descriptor of the file of images on disk; undefined for images in memory. */
  readonly file: number | undefined;
}

/** Settings of an {@link ImageStore}. */
export interface StoreOptions {
  readonly place: CachePlace;
  /** Bytes that it may take. Default: half of the memory, or of the disk, that is free. */
  readonly most?: number | undefined;
  /** Processes that share the machine's memory and disk, to which the default is divided. Default 1. */
  readonly sharers?: number | undefined;
  /** Folder of the file on disk. Default: `biasloss/decoded` in `XDG_CACHE_HOME` or `~/.cache`. */
  readonly folder?: string | undefined;
}

/**
 * Room for decoded images, so that an image is decoded once and not in every epoch. What does not fit is decoded each time.
 * The file on disk has no name: it is gone with the process, however that ends.
 */
export class ImageStore {
  readonly place: CachePlace;
  private shared: StoreHandle;

  /** @throws UserError when the file cannot be made */
  constructor({ place, most, sharers = 1, folder = cacheFolder('decoded') }: StoreOptions) {
    this.place = place;
    if (place === 'disk' && folder === undefined)
      throw new UserError(`decoded images cannot be kept on disk: ${NO_CACHE}`);
    const disk = place === 'disk' ? folder : undefined;
    const file = disk === undefined ? undefined : openUnnamed(disk);
    const free = disk === undefined ? freeMemory() : freeDisk(disk);
    const taken = new BigInt64Array(new SharedArrayBuffer(24));
    this.shared = { taken, most: most ?? Math.floor(free / 2 / sharers), file };
  }

  /** What loaders take. */
  get handle(): StoreHandle {
    return this.shared;
  }

  /** Bytes of the images that are kept. */
  get bytes(): number {
    return Number(Atomics.load(this.handle.taken, 2));
  }

  /** Whether an image did not fit. */
  get isFull(): boolean {
    return Atomics.load(this.handle.taken, 1) === 1n;
  }

  /** Frees the file, after the loaders that use it; nothing is kept from then on. A second call does nothing. */
  async close(): Promise<void> {
    const { file, ...rest } = this.shared;
    // The system gives the number of a closed file to the next one that is opened.
    this.shared = { ...rest, file: undefined, most: 0 };
    if (file !== undefined) closeSync(file);
  }
}

function openUnnamed(folder: string): number {
  const path = join(folder, `${process.pid}-${Date.now()}-${Math.floor(Math.random() * 2 ** 32)}.raw`);
  try {
    makeFolder(folder);
    const file = openSync(path, 'wx+');
    rmSync(path);
    return file;
  } catch (error) {
    throw new UserError(`decoded images cannot be kept in ${folder}: ${errorMessage(error)}`);
  }
}

function freeDisk(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
