import { permutation } from '../../random.js';
import { type DatasetPair, type ImageDataset, subset } from '../dataset.js';

/** Names that a set's parts go by, for folders and for the beginnings of archives' names. */
export const PART_NAMES = { train: ['train'], test: ['val', 'valid', 'validation', 'test'] } as const;

/**
 * Holds out a share of each class for testing: of every class with two images or more at least one,
 * and never all. The same seed gives the same parts.
 */
export function holdOut(dataset: ImageDataset, share: number, seed: number): DatasetPair {
  const byClass = dataset.classes.map((): number[] => []);
  permutation(seed, 0, dataset.count).forEach((index) => {
    byClass[dataset.labels[index]!]!.push(index);
  });
  const heldOut = byClass.flatMap((indices) =>
    indices.slice(0, Math.min(Math.max(Math.round(share * indices.length), 1), indices.length - 1)),
  );
  const isTest = new Set(heldOut);
  const all = Uint32Array.from({ length: dataset.count }, (_, i) => i);
  return {
    train: {
      ...subset(
        dataset,
        all.filter((i) => !isTest.has(i)),
      ),
      name: `${dataset.name} train`,
    },
    test: {
      ...subset(
        dataset,
        all.filter((i) => isTest.has(i)),
      ),
      name: `${dataset.name} test`,
    },
  };
}
