import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from '../errors.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { readCheckpointInfo } from '../runs/checkpoint.js';

/**
 * Checks where a file will be written, before the work that its content takes.
 *
 * @param flag for messages
 * @param endings endings that its name may have, such as `.csv`
 * @throws UsageError when it has none of them, or its folder does not exist
 */
export function checkOutput(path: string | undefined, flag: string, endings: readonly string[]): void {
  if (path === undefined) return;
  checkEnding(path, flag, endings);
  const folder = dirname(path);
  if (!existsSync(folder)) throw new UsageError(`${flag} ${path}: there is no folder ${folder}`);
}

/** As {@link checkOutput}, of a file whose folder is made. */
export function checkEnding(path: string, flag: string, endings: readonly string[]): void {
  if (!endings.some((ending) => path.endsWith(ending)))
    throw new UsageError(`${flag} takes the name of a ${endings.join(' or ')} file, not ${path}`);
}

/**
 * Refuses to write an exported model over what it is made of, or over what a run is resumed from.
 *
 * @throws UsageError when there is such a file at the path
 */
export function expectExpendable(output: string, checkpoint: string): void {
  if (!existsSync(output)) return;
  if (existsSync(checkpoint) && realpathSync(output) === realpathSync(checkpoint))
    throw new UsageError(`${output} is the checkpoint itself: give another --output`);
  if (output.endsWith('.safetensors') && isOfRun(output))
    throw new UsageError(
      `${output} is a checkpoint with the state of its training, which an export has not: give another --output`,
    );
}

/** Whether a file has the state of a training; one that is damaged may be replaced. */
function isOfRun(path: string): boolean {
  try {
    return readCheckpointInfo(path)?.training !== undefined;
  } catch {
    return false;
  }
}

/** Writes a text, with a line break at its end. @throws WriteError naming the file */
export async function writeOutput(path: string, text: string): Promise<void> {
  await writeFileAtomically(path, [new TextEncoder().encode(`${text}\n`)]);
}
