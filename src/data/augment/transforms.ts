import type { ColourJitter } from '../images/colourJitter.js';
import type { AutoAugment } from './autoAugment.js';
import type { Mixing } from './mixing.js';

/** Zero padding around images in memory before the crop: CIFAR's recipe. */
export const DEFAULT_PADDING = 4;

/** Probability of mirroring an image. */
export const DEFAULT_FLIP = 0.5;

/**
 * Random changes of training images, in this order, each as torchvision does it. Besides crop and horizontal flip, what is not given
 * is not done. Probabilities are those of an image, from 0 to 1.
 */
export interface ImageTransforms {
  /** Images in memory: zero padding around the image before the random crop to its old size. Default 4. */
  readonly padding?: number | undefined;
  /** Images in files: smallest area of the random crop as a share of the image's. Default 0.08. */
  readonly cropScale?: number | undefined;
  /** Probability of mirroring an image: left becomes right. Default 0.5. */
  readonly horizontalFlip?: number | undefined;
  /** Probability of turning an image upside down: top becomes bottom. */
  readonly verticalFlip?: number | undefined;
  /** RandAugment or TrivialAugment. */
  readonly autoAugment?: AutoAugment | undefined;
  /** Brightness, contrast, saturation and hue. */
  readonly colourJitter?: ColourJitter | undefined;
  /** Probability of taking an image's colours away. */
  readonly greyscale?: number | undefined;
  /** Probability of a Gaussian blur: σ from 0.1 to 2 pixels, the kernel a tenth of the image's size. */
  readonly blur?: number | undefined;
  /** Probability of filling a rectangle of 2% to 33% of the image with the mean colour. */
  readonly erase?: number | undefined;
}

/** Random changes, and the seed that they depend on. */
export interface TrainingTransforms {
  readonly seed: number;
  /** Default: crop and horizontal flip. */
  readonly transforms?: ImageTransforms | undefined;
}

/** How a loader makes batches for training. */
export interface TrainingBatches extends TrainingTransforms {
  /** Whether every class comes equally often, images of small ones several times. Default false. */
  readonly balanced?: boolean | undefined;
  /** Mixing of the images of a batch: batches then have `targets`. Default: none. */
  readonly mixing?: Mixing | undefined;
}
