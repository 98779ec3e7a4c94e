import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';

function writeAll(file: number, chunk: Uint8Array): void {
  for (let offset = 0; offset < chunk.length; )
    offset += writeSync(file, chunk, offset, chunk.length - offset);
}

/** Makes a rename survive a power failure. Some systems do not let folders be opened; there it is left to them. */
function syncFolder(folder: string): void {
  let handle: number | undefined;
  try {
    handle = openSync(folder, 'r');
    fsyncSync(handle);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/**
 * Replaces a file as a whole: written beside it, flushed to the disk, renamed. Whatever happens, the
 * path holds either the old contents or the new.
 *
 * @throws UserError naming the file when it cannot be written
 */
export function writeFileAtomically(path: string, chunks: Iterable<Uint8Array>): void {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  let file: number | undefined;
  try {
    file = openSync(temporary, 'w');
    for (const chunk of chunks) writeAll(file, chunk);
    fsyncSync(file);
    closeSync(file);
    file = undefined;
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    if (file !== undefined) closeSync(file);
    rmSync(temporary, { force: true });
    throw new UserError(`${path} cannot be written: ${errorMessage(error)}`);
  }
}
