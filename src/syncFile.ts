import { fsync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';

const sync = promisify(fsync);

/** Flushes a file to the disk. By its descriptor: the handles that Yarn's Plug'n'Play gives lack `sync`. */
export function syncFile({ fd }: FileHandle): Promise<void> {
  return sync(fd);
}
