import type { TrainingBatches } from '../../src/index.js';

/** Random changes of training images to time. */
export interface LoaderCase {
  readonly name: string;
  readonly training: Omit<TrainingBatches, 'seed'>;
}

/** Each augmentation, done to every image, and all of them as a recipe has them; crop and flip are in each. */
export const loaderCases: readonly LoaderCase[] = [
  { name: 'crop and flip', training: {} },
  {
    name: 'RandAugment',
    training: { transforms: { autoAugment: { kind: 'ra', operations: 2, magnitude: 9 } } },
  },
  { name: 'TrivialAugment', training: { transforms: { autoAugment: { kind: 'ta_wide' } } } },
  { name: 'colour jitter', training: { transforms: { colourJitter: { strength: 0.4, hue: 0.1 } } } },
  { name: 'greyscale', training: { transforms: { greyscale: 1 } } },
  { name: 'blur', training: { transforms: { blur: 1 } } },
  { name: 'erasing', training: { transforms: { erase: 1 } } },
  { name: 'mixup', training: { mixing: { mixup: 0.2 } } },
  { name: 'CutMix', training: { mixing: { cutmix: 1 } } },
  {
    name: 'RandAugment, erasing, mixup, CutMix',
    training: {
      transforms: { autoAugment: { kind: 'ra', operations: 2, magnitude: 9 }, erase: 0.25 },
      mixing: { mixup: 0.2, cutmix: 1 },
    },
  },
];
