import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isFolder } from '../data/folders/fileKind.js';
import { imageFiles } from '../data/folders/imageFiles.js';
import { decodeText } from '../data/folders/textFile.js';
import { formatOf } from '../data/images/header.js';
import { errorMessage, UserError } from '../errors.js';

/** An image to predict. */
export interface PredictInput {
  /** What it is called in the output. */
  readonly name: string;
  readonly path: string;
}

/** Stands for standard input among the arguments. */
const STDIN = '-';

/**
 * Runs `body` with the images that the arguments name: files; folders, with images at any depth; `-` for standard
 * input, an image or a list of paths.
 *
 * @throws UserError when a folder has no images, or standard input cannot be read
 */
export async function withPredictInputs(
  places: readonly string[],
  body: (inputs: readonly PredictInput[]) => Promise<void>,
): Promise<void> {
  const scratch: string[] = [];
  try {
    await body(places.flatMap((place) => (place === STDIN ? fromStdin(scratch) : fromPlace(place))));
  } finally {
    for (const folder of scratch) rmSync(folder, { recursive: true, force: true });
  }
}

function fromPlace(place: string): PredictInput[] {
  if (!isFolder(place)) return [{ name: place, path: place }];
  const { images, foreign } = imageFiles(place);
  const paths = [...images, ...foreign.map(({ path }) => path)];
  if (paths.length === 0) throw new UserError(`the folder ${place} has no images`);
  return paths.map((path) => ({ name: path, path }));
}

function fromStdin(scratch: string[]): PredictInput[] {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(process.stdin.fd);
  } catch (error) {
    throw new UserError(`standard input cannot be read: ${errorMessage(error)}`);
  }
  if (formatOf(bytes) === undefined) {
    // As find prints them: # and blanks are of a name.
    const paths = decodeText(bytes)
      .split(/\r?\n/)
      .filter((line) => line !== '');
    if (paths.length === 0)
      throw new UserError('standard input is empty: expected an image or a list of paths');
    return paths.flatMap(fromPlace);
  }
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-stdin-'));
  scratch.push(folder);
  const path = join(folder, 'stdin');
  writeFileSync(path, bytes);
  return [{ name: 'stdin', path }];
}
