import { createHash } from 'node:crypto';
import { relative, sep } from 'node:path';
import { type ImageDataset, type ImageSource, subset } from '../dataset.js';
import { plainPath } from '../remote/url.js';

/** How a share of a data set is held out. */
export interface HoldOutOptions {
  /** Share that is held out, above 0 and below 1. */
  readonly share: number;
  /** Decides what is held out. */
  readonly seed: number;
  /** Folder that image paths are relative to. */
  readonly folder: string;
  /** Hold out a fold in place of a share. Default: none. */
  readonly fold?: Fold | undefined;
}

/** One of several parts of about equal size, each with its share of every class. */
export interface Fold {
  /** How many there are. */
  readonly of: number;
  /** From 0. */
  readonly index: number;
}

/** Training part of a data set and what is held out of it. */
export interface ImageDatasetPair {
  readonly train: ImageDataset;
  readonly test: ImageDataset;
}

/**
 * An image's name relative to a folder: its path with slashes, and its name in an archive, in Unicode's
 * composed form (NFC), so that it is the same on every system.
 */
export function imageKey({ path, member }: ImageSource, folder: string): string {
  const inside = relative(folder, plainPath(path)).split(sep).join('/');
  return (member ? `${inside}/${member.name}` : inside).normalize('NFC');
}

/** Whether an image is held out, decided only by its name and the seed. */
export function isHeldOut(key: string, share: number, seed: number): boolean {
  return drawOf(key, seed) < share;
}

/** A number in [0, 1) that depends on a name and the seed alone. */
function drawOf(key: string, seed: number): number {
  const digest = createHash('sha256').update(`${seed}\n${key}`).digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}

/**
 * Holds out a share of a data set. An image's part is decided by a hash of its own path and the seed, so
 * that adding, removing or renaming other files does not change it; the share is met on average. A fold has the same number of
 * images of each class as the others, or one more, in the order of such hashes.
 */
export function holdOut(
  dataset: ImageDataset,
  { share, seed, folder, fold }: HoldOutOptions,
): ImageDatasetPair {
  const draws = Array.from({ length: dataset.count }, (_, i) =>
    drawOf(imageKey(dataset.source(i), folder), seed),
  );
  const held = fold
    ? heldFold(dataset, draws, fold)
    : Uint8Array.from(draws, (draw) => (draw < share ? 1 : 0));
  return partsOf(dataset, held);
}

function heldFold({ labels }: ImageDataset, draws: readonly number[], { of, index }: Fold): Uint8Array {
  const order = draws.map((_, i) => i).sort((a, b) => labels[a]! - labels[b]! || draws[a]! - draws[b]!);
  const held = new Uint8Array(draws.length);
  // Classes follow one another, so that their remainders spread over the folds.
  for (const [place, image] of order.entries()) if (place % of === index) held[image] = 1;
  return held;
}

/** The images whose mark is 0, and those whose mark is 1. */
export function partsOf(dataset: ImageDataset, held: Uint8Array): ImageDatasetPair {
  const all = Uint32Array.from(held, (_, i) => i);
  const part = (mark: number, name: string): ImageDataset => ({
    ...subset(
      dataset,
      all.filter((i) => held[i] === mark),
    ),
    name: `${dataset.name} ${name}`,
  });
  return { train: part(0, 'train'), test: part(1, 'test') };
}
