import type { AutoAugment } from '../data/augment/autoAugment.js';
import type { Mixing } from '../data/augment/mixing.js';
import type { ImageTransforms } from '../data/augment/transforms.js';
import type { TrainConfig } from './trainConfig.js';

/** The random changes of training images of a configuration. */
export function transformsOf(config: TrainConfig): ImageTransforms {
  const { colourJitter: strength, hueJitter: hue } = config;
  return {
    padding: config.cropPadding,
    cropScale: config.cropScale,
    horizontalFlip: config.hflip,
    verticalFlip: config.vflip,
    autoAugment: autoAugmentOf(config),
    colourJitter: strength > 0 || hue > 0 ? { strength, hue } : undefined,
    greyscale: config.greyscale,
    blur: config.blur,
    erase: config.randomErase,
  };
}

/** The mixing of training batches of a configuration; undefined if it has none. */
export function mixingOf({ mixup, cutmix, mixupOffEpoch }: TrainConfig): Mixing | undefined {
  return mixup + cutmix > 0 ? { mixup, cutmix, epochs: mixupOffEpoch ?? undefined } : undefined;
}

function autoAugmentOf({ autoAugment, raOps, raMagnitude }: TrainConfig): AutoAugment | undefined {
  if (autoAugment === 'none') return undefined;
  return autoAugment === 'ra'
    ? { kind: 'ra', operations: raOps, magnitude: raMagnitude }
    : { kind: 'ta_wide' };
}
