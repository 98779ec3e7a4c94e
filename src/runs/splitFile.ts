import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageKey } from '../data/folders/splits.js';
import type { ImageParts } from '../data/parts/imageParts.js';
import {
  compareInventories,
  describeChanges,
  formatInventory,
  type ImageRecord,
  parseInventory,
  takeInventory,
} from '../data/parts/inventory.js';
import { errorMessage, UserError } from '../errors.js';
import { writeFileAtomically } from './atomicFile.js';

/** File of a run's folder that lists its images and their parts. */
export const SPLIT_FILE = 'split.tsv';

interface KeepOptions {
  readonly isResumed: boolean;
  /** Folders of the runs of other folds, which may not have been started. */
  readonly otherFolds?: readonly string[] | undefined;
  /** Called when images were added, are missing or have different content. */
  readonly onNotice: (text: string) => void;
}

/**
 * Writes which image is in which part of a run's data. A resumed run reports what has changed since.
 *
 * @throws UserError when images moved to another part, or a new run is of other images than the other folds; nothing is written then
 */
export async function keepSplit(
  folder: string,
  images: ImageParts,
  { isResumed, otherFolds = [], onNotice }: KeepOptions,
): Promise<void> {
  const now = takeInventory(images);
  if (!isResumed) for (const other of otherFolds) expectSamePartition(other, now, images.summary.place);
  const { leftOut } = images.summary;
  const excluded = leftOut.filter(({ reason }) => reason === 'excluded');
  const names = new Set(excluded.map(({ path }) => imageKey({ path }, images.root)));
  // Images that are left out on purpose are not missing.
  const before = isResumed ? readSplit(folder)?.filter(({ key }) => !names.has(key)) : undefined;
  if (before) reportChanges(before, now, images.summary.place, onNotice);
  await writeFileAtomically(join(folder, SPLIT_FILE), [new TextEncoder().encode(formatInventory(now))]);
}

function reportChanges(
  before: readonly ImageRecord[],
  now: readonly ImageRecord[],
  place: string,
  onNotice: (text: string) => void,
): void {
  const changes = compareInventories(before, now);
  const [first] = changes.moved;
  if (first)
    throw new UserError(
      `${place} has changed since the run started: ${changes.moved.length} of its images would be in another part, ` +
        `such as ${first.key}, moved from ${first.from} to ${first.to}; put them back, or train a new run`,
    );
  const text = describeChanges(changes);
  if (text !== undefined) onNotice(`${place} has changed since the run started: ${text}`);
}

/** @throws UserError when a new fold has other images than the run of another one, or holds out some of the same */
function expectSamePartition(other: string, now: readonly ImageRecord[], place: string): void {
  const before = readSplit(other);
  if (before === undefined) return;
  const held = new Set(before.filter(({ part }) => part === 'val').map(({ key }) => key));
  const twice = now.filter(({ part, key }) => part === 'val' && held.has(key));
  const ofOnePart = (records: readonly ImageRecord[]): ImageRecord[] =>
    records.map((record) => ({ ...record, part: 'train' }));
  const changes = describeChanges(compareInventories(ofOnePart(before), ofOnePart(now)));
  const what = changes ?? (twice.length > 0 ? `${twice[0]!.key} would be held out twice` : undefined);
  if (what !== undefined)
    throw new UserError(
      `${place} has changed since the run in ${other} started: ${what}; the folds must share the same images: ` +
        'put them back as they were, or train all folds anew',
    );
}

/**
 * The images of a run by its folder; undefined where it has no list of them.
 *
 * @throws UserError when the list is damaged
 */
export function readSplit(folder: string): ImageRecord[] | undefined {
  const path = join(folder, SPLIT_FILE);
  if (!existsSync(path)) return undefined;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
  return parseInventory(text, path);
}
