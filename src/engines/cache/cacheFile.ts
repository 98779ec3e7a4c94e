import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { threadId } from 'node:worker_threads';
import { makeFolder } from '../../makeFolder.js';

/** Starts each file; the hash of the contents follows. */
const MARK = Buffer.from('biasloss cuda 1\n');
const HASH_BYTES = 32;

/** The contents of a file of the cache; undefined if it is missing, damaged or not one, or if there is no cache. */
export function readCached(path: string | undefined): Uint8Array | undefined {
  if (path === undefined) return undefined;
  let file: Buffer;
  try {
    file = readFileSync(path);
  } catch {
    return undefined;
  }
  const start = MARK.length + HASH_BYTES;
  if (file.length < start || !file.subarray(0, MARK.length).equals(MARK)) return undefined;
  const contents = file.subarray(start);
  return hashOf(contents).equals(file.subarray(MARK.length, start)) ? contents : undefined;
}

/**
 * Writes a file of the cache, whole or not at all; other processes and threads may do so at the same time. What cannot be kept, such as on a
 * full disk, is computed again the next time.
 *
 * @param path undefined to keep nothing
 * @returns whether it is kept
 */
export function writeCached(path: string | undefined, contents: Uint8Array): boolean {
  if (path === undefined) return false;
  const part = `${path}.${process.pid}.${threadId}.part`;
  try {
    makeFolder(dirname(path));
    writeFileSync(part, Buffer.concat([MARK, hashOf(contents), contents]));
    renameSync(part, path);
    return true;
  } catch {
    remove(part);
    return false;
  }
}

/** Removes a file if it is there and can be removed. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its folder is none.
  }
}

function hashOf(contents: Uint8Array): Buffer {
  return createHash('sha256').update(contents).digest();
}
