import { fileInside } from './insideFolder.js';
import type { RunIndex } from './runIndex.js';

/** Files that a model is read from. */
const CHECKPOINTS = ['best.safetensors', 'last.safetensors'];

/**
 * The folder of a run whose model is to be evaluated.
 *
 * @throws UserError when there is no such run, or its checkpoint is a symbolic link that leads out of it
 */
export function modelFolderOf(index: RunIndex, run: string): string {
  const folder = index.folderOf(run);
  for (const name of CHECKPOINTS) fileInside(folder, name);
  return folder;
}
