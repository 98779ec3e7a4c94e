import { SettingError, UserError } from '../errors.js';
import { permutation } from '../random.js';
import type { TrainingBatches } from './augment/transforms.js';
import type { Dataset } from './dataset.js';

/** One of several equal parts. */
export interface Part {
  /** From 0. */
  readonly rank: number;
  /** Number of parts. */
  readonly size: number;
}

/** All of it, as a part. */
export const WHOLE: Part = { rank: 0, size: 1 };

/** What batches are made by, wherever they are made. */
interface Loading {
  readonly batchSize: number;
  /** The part of every batch that is made, of so many equal ones; `batchSize` is the part's. Absent: all of it. */
  readonly part?: Part | undefined;
  readonly imageSize: number;
  readonly training?: { readonly seed: number } | undefined;
}

/** @throws UserError when the batch is larger than the training set, or images are of another size */
export function checkLoading(
  dataset: Dataset,
  { batchSize: own, part = WHOLE, imageSize, training }: Loading,
): void {
  if (!Number.isInteger(own) || own < 1)
    throw new UserError(`a batch must have 1 or more images, not ${own}`);
  const batchSize = own * part.size;
  if (dataset.count === 0) throw new UserError(`${dataset.name} has no images`);
  if (training && batchSize > dataset.count) {
    throw new SettingError(
      (name) =>
        `a batch of ${batchSize} is larger than ${dataset.name} with its ${dataset.count} images: give a smaller ${name('batchSize')}`,
      1,
    );
  }
  if (dataset.imageSize !== undefined && dataset.imageSize !== imageSize) {
    throw new UserError(
      `${dataset.name} has images of ${dataset.imageSize} pixels, but the model takes ${imageSize}`,
    );
  }
}

/** Batches of an epoch: training leaves out a last partial one. */
export function stepsOfEpoch(
  count: number,
  { batchSize, part = WHOLE, training }: Omit<Loading, 'imageSize'>,
): number {
  const steps = count / (batchSize * part.size);
  return training ? Math.floor(steps) : Math.ceil(steps);
}

/**
 * The order of an epoch in which each class comes equally often: of large classes another part each epoch, of small ones images
 * again. The k-th repetition of image i has the number i + k·count, so that each is augmented by itself.
 *
 * @returns as many numbers as there are labels
 */
export function balancedOrder(labels: Int32Array, epoch: number, seed: number): Uint32Array {
  const members = new Map<number, number[]>();
  labels.forEach((label, i) => {
    const known = members.get(label);
    if (known) known.push(i);
    else members.set(label, [i]);
  });
  const count = labels.length;
  const classes = [...members.keys()].sort((a, b) => a - b);
  const share = Math.ceil(count / classes.length);
  const drawn = classes.map((label) =>
    drawClass(members.get(label)!, share, { count, epoch, seed: seed + label }),
  );
  // Which classes get one image less where the count is not a multiple of theirs is chosen anew in each epoch.
  const turns = permutation(seed, epoch, classes.length);
  const slots = Uint32Array.from({ length: count }, (_, i) => {
    const turn = turns[i % classes.length]!;
    return drawn[turn]![Math.floor(i / classes.length)]!;
  });
  return Uint32Array.from(permutation(seed, epoch, count), (place) => slots[place]!);
}

/** So many images of a class, shuffled, then shuffled again as often as they are needed. */
function drawClass(
  members: readonly number[],
  wanted: number,
  { count, epoch, seed }: { readonly count: number; readonly epoch: number; readonly seed: number },
): number[] {
  const rounds = Math.ceil(wanted / members.length);
  return Array.from({ length: rounds }, (_, round) => {
    const order = permutation(seed, epoch * rounds + round, members.length);
    return Array.from(order, (place) => members[place]! + round * count);
  }).flat();
}

/** The order in which an epoch takes a set's images: as they are, or for training shuffled by the seed and the epoch. */
export function orderOf(
  { count, labels }: Pick<Dataset, 'count' | 'labels'>,
  epoch: number,
  training: Pick<TrainingBatches, 'seed' | 'balanced'> | undefined,
): Uint32Array {
  if (!training) return Uint32Array.from({ length: count }, (_, i) => i);
  const { seed, balanced } = training;
  return balanced ? balancedOrder(labels, epoch, seed) : permutation(seed, epoch, count);
}
