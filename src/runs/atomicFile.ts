import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { UserError, WriteError } from '../errors.js';
import { codeOf } from '../realms.js';
import { syncFile } from '../syncFile.js';

/** Ending of files that are being written. */
export const TEMPORARY = '.tmp';

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.length; )
    offset += (await file.write(chunk, offset, chunk.length - offset)).bytesWritten;
}

/** Makes a rename survive a power failure. Some systems do not allow folders to be opened or flushed; it is skipped there. */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await syncFile(handle);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  } finally {
    await handle?.close();
  }
}

async function writeNew(path: string, chunks: Iterable<Uint8Array>): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const chunk of chunks) await writeAll(file, chunk);
    await syncFile(file);
  } finally {
    await file.close();
  }
}

/**
 * Replaces a file as a whole: written beside it, flushed to the disk, renamed. Whatever happens, the
 * path holds either the old contents or the new.
 *
 * @param chunks the contents; what their iterator throws is passed on, and nothing is replaced
 * @param beforeReplacing the same holds for what this throws
 * @throws WriteError naming the file when it cannot be written
 */
export async function writeFileAtomically(
  path: string,
  chunks: Iterable<Uint8Array>,
  beforeReplacing: () => void = () => undefined,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}${TEMPORARY}`);
  try {
    await writeNew(temporary, chunks);
    beforeReplacing();
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (error instanceof UserError) throw error;
    throw new WriteError(path, error);
  }
}

/** Removes what a killed process left of unfinished writes in a folder. */
export async function removeUnfinished(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith('.') && name.endsWith(TEMPORARY));
  for (const name of left) await rm(join(folder, name), { force: true });
}
