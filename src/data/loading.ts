import { UserError } from '../errors.js';
import { permutation } from '../random.js';
import type { Dataset } from './dataset.js';

/** What batches are made by, wherever they are made. */
interface Loading {
  readonly batchSize: number;
  readonly imageSize: number;
  readonly training?: { readonly seed: number } | undefined;
}

/** @throws UserError when the batch is larger than the training set, or images are of another size */
export function checkLoading(dataset: Dataset, { batchSize, imageSize, training }: Loading): void {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new UserError(`a batch must have 1 or more images, not ${batchSize}`);
  if (dataset.count === 0) throw new UserError(`${dataset.name} has no images`);
  if (training && batchSize > dataset.count) {
    throw new UserError(
      `a batch of ${batchSize} is larger than ${dataset.name} with its ${dataset.count} images`,
    );
  }
  if (dataset.imageSize !== undefined && dataset.imageSize !== imageSize) {
    throw new UserError(
      `${dataset.name} has images of ${dataset.imageSize} pixels, but the model takes ${imageSize}`,
    );
  }
}

/** Batches of an epoch: training leaves out a last partial one. */
export function stepsOfEpoch(count: number, { batchSize, training }: Omit<Loading, 'imageSize'>): number {
  const steps = count / batchSize;
  return training ? Math.floor(steps) : Math.ceil(steps);
}

/** The order in which an epoch takes a set's images: shuffled by the seed and the epoch, or as they are without a seed. */
export function epochOrder(count: number, epoch: number, seed: number | undefined): Uint32Array {
  return seed === undefined
    ? Uint32Array.from({ length: count }, (_, i) => i)
    : permutation(seed, epoch, count);
}
