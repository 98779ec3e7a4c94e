import { randomUUID } from 'node:crypto';
import { copyFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { UserError } from '../../errors.js';
import { makeFolder } from '../../makeFolder.js';
import { codeOf } from '../../realms.js';
import { writeFileAtomically } from '../atomicFile.js';

/** The folder of a commit's files, in the layout of Hugging Face's cache. */
export function snapshotFolder(storage: string, commit: string): string {
  return join(storage, 'snapshots', commit);
}

/** Where a file's contents are kept, by their hash. */
export function blobPath(storage: string, hash: string): string {
  return join(storage, 'blobs', hash);
}

/** Notes which commit a branch or tag is, so that it is found without a network, also by Python's huggingface_hub. */
export async function keepRevision(storage: string, revision: string, commit: string): Promise<void> {
  if (revision === commit) return;
  const path = join(storage, 'refs', revision);
  makeFolder(dirname(path));
  await writeFileAtomically(path, [Buffer.from(commit)]);
}

/**
 * Makes a snapshot's file a link to its contents; a copy, where links are not allowed.
 *
 * @throws UserError when it cannot be made
 */
export async function linkToBlob(blob: string, path: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    makeFolder(dirname(path));
    await symlink(relative(dirname(path), blob), temporary).catch((error: unknown) => {
      if (codeOf(error) === 'EPERM') return copyFile(blob, temporary);
      throw error;
    });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new UserError(`${path} cannot be written: ${codeOf(error) ?? String(error)}`);
  }
}
