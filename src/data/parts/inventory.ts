import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { UserError } from '../../errors.js';
import type { ImageDataset, ImageSource } from '../dataset.js';
import { PART_NAMES, type PartName } from '../folders/partNames.js';
import { imageKey } from '../folders/splits.js';
import { unreadable } from '../unreadable.js';
import { contentHash, contentPieces } from './contentHash.js';
import type { ImageParts } from './imageParts.js';

/** An image of a data set, as it was when a run started. */
export interface ImageRecord {
  readonly part: PartName;
  /** Its path relative to the data set's folder, with slashes; see imageKey. */
  readonly key: string;
  /** Length of its file. */
  readonly size: number;
  /** Hash of pieces of its content; empty if a data set has too many images for that. */
  readonly hash: string;
}

/** How a data set has changed. */
export interface InventoryChanges {
  /** Names of images that were added, are missing or have different content. */
  readonly added: readonly string[];
  readonly missing: readonly string[];
  readonly changed: readonly string[];
  /** Images that were in another part before, also under another name. */
  readonly moved: readonly { readonly key: string; readonly from: PartName; readonly to: PartName }[];
}

/** Data sets with more images are compared by names and lengths only: opening each file takes minutes. */
const MOST_HASHED = 100_000;

/**
 * Every image of a data set with its part, length and a hash of two pieces of its content, in the middle and at
 * the end: reading everything would take as long as an epoch.
 *
 * @throws UserError when a file cannot be opened
 */
export function takeInventory({ train, test, final, root }: ImageParts): ImageRecord[] {
  const isHashed = train.count + test.count + (final?.count ?? 0) <= MOST_HASHED;
  return [
    ...recordsOf('train', train, root, isHashed),
    ...recordsOf('val', test, root, isHashed),
    ...(final ? recordsOf('test', final, root, isHashed) : []),
  ];
}

/** As {@link takeInventory}, for the images of one part, in their order. */
export function partInventory(part: PartName, dataset: ImageDataset, root: string): ImageRecord[] {
  return recordsOf(part, dataset, root, dataset.count <= MOST_HASHED);
}

function recordsOf(part: PartName, dataset: ImageDataset, root: string, isHashed: boolean): ImageRecord[] {
  return Array.from({ length: dataset.count }, (_, i): ImageRecord => {
    const source = dataset.source(i);
    return { part, key: imageKey(source, root), ...fingerprint(source, isHashed) };
  });
}

function fingerprint(
  { path, member, remote }: ImageSource,
  isHashed: boolean,
): { size: number; hash: string } {
  if (remote) return { size: member!.length, hash: isHashed ? remote.hash : '' };
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const size = member?.length ?? fstatSync(file).size;
    if (!isHashed) return { size, hash: '' };
    const start = member?.offset ?? 0;
    const pieces = contentPieces(size).map(({ offset, length }) => {
      const piece = Buffer.alloc(length);
      return piece.subarray(0, readSync(file, piece, 0, length, start + offset));
    });
    return { size, hash: contentHash(pieces) };
  } finally {
    closeSync(file);
  }
}

/** How a set has changed. */
export function compareInventories(
  before: readonly ImageRecord[],
  now: readonly ImageRecord[],
): InventoryChanges {
  const earlier = new Map(before.map((record) => [record.key, record]));
  const later = new Set(now.map(({ key }) => key));
  const missing = before.filter(({ key }) => !later.has(key));
  const gone = new Map(missing.map((record) => [contentOf(record), record]));
  const added: string[] = [];
  const changed: string[] = [];
  const moved: { key: string; from: PartName; to: PartName }[] = [];
  for (const record of now) {
    const { key, part: to } = record;
    const same = earlier.get(key);
    const from = (same ?? (record.hash === '' ? undefined : gone.get(contentOf(record))))?.part;
    if (from !== undefined && from !== to) moved.push({ key, from, to });
    else if (!same) added.push(key);
    else if (isChanged(same, record)) changed.push(key);
  }
  return { added, missing: missing.map(({ key }) => key), changed, moved };
}

/** If one of two has no hash, only their lengths are compared. */
function isChanged(a: ImageRecord, b: ImageRecord): boolean {
  return a.size !== b.size || (a.hash !== '' && b.hash !== '' && a.hash !== b.hash);
}

/** Identifies an image's content, whatever its name. */
export const contentOf = ({ size, hash }: ImageRecord): string => `${size} ${hash}`;

/** First line of a list of images. */
const HEADER = 'part\tsize\thash\timage';

/** An inventory as text: one line per image, the name as JSON. */
export function formatInventory(records: readonly ImageRecord[]): string {
  const lines = records.map(
    ({ part, size, hash, key }) => `${part}\t${size}\t${hash}\t${JSON.stringify(key)}\n`,
  );
  return `${HEADER}\n${lines.join('')}`;
}

/**
 * Reads what {@link formatInventory} wrote.
 *
 * @param path for messages
 * @throws UserError when it is damaged
 */
export function parseInventory(text: string, path: string): ImageRecord[] {
  const [header, ...lines] = text.split('\n');
  if (header !== HEADER || lines.at(-1) !== '')
    throw new UserError(`${path} is damaged: it is not a list of images`);
  return lines.slice(0, -1).map((line, i) => {
    const [name, size, hash, key] = line.split('\t');
    const part = PART_NAMES.find((known) => known === name);
    const match = /^"(?:[^"\\]|\\.)*"$/.test(key ?? '');
    if (part === undefined || !/^\d+$/.test(size ?? '') || !/^[0-9a-f]*$/.test(hash ?? '') || !match)
      throw new UserError(`${path} is damaged: line ${i + 2} is not an image of a data set`);
    return { part, size: Number(size), hash: hash!, key: JSON.parse(key!) as string };
  });
}

/** Changes in a sentence: `2 images were added (such as a/1.jpg), 1 is missing (b/2.jpg)`; undefined without any. */
export function describeChanges({ added, missing, changed }: InventoryChanges): string | undefined {
  const say = (keys: readonly string[], what: string): string[] => {
    if (keys.length === 0) return [];
    const such = keys.length === 1 ? '' : 'such as ';
    return [`${keys.length.toLocaleString('en-US')} ${what} (${such}${keys[0]})`];
  };
  const parts = [
    ...say(added, 'added'),
    ...say(missing, 'missing'),
    ...say(changed, 'with different content'),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}
