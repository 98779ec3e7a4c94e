import { MAGNITUDES, MOST_OPERATIONS } from '../../data/augment/autoAugment.js';
import { DEFAULT_FLIP, DEFAULT_PADDING } from '../../data/augment/transforms.js';
import { DEFAULT_CROP_SCALE } from '../../data/images/geometry.js';
import { settingsIn } from './builders.js';
import { atLeast, orNull, type SettingsOf, upTo, whole, wholeUpTo } from './setting.js';

const augmentation = settingsIn('Augmentation');

const IN_FILES = { onlyWith: { key: 'data', values: ['imagefolder', 'webdataset'] } } as const;
const IN_MEMORY = { onlyWith: { key: 'data', values: ['cifar100', 'cifar10', 'synthetic'] } } as const;
const WITH_RA = { onlyWith: { key: 'autoAugment', values: ['ra'] } } as const;

/** Settings of the random changes of training images. */
export const AUGMENTATION_SETTINGS: SettingsOf<
  | 'cropPadding'
  | 'cropScale'
  | 'hflip'
  | 'vflip'
  | 'autoAugment'
  | 'raOps'
  | 'raMagnitude'
  | 'colourJitter'
  | 'hueJitter'
  | 'greyscale'
  | 'blur'
  | 'randomErase'
  | 'mixup'
  | 'cutmix'
  | 'mixupOffEpoch'
> = {
  cropPadding: augmentation.number(
    DEFAULT_PADDING,
    whole(0),
    '<pixels>',
    'zeros around an image before the random crop to its size',
    IN_MEMORY,
  ),
  cropScale: augmentation.number(
    DEFAULT_CROP_SCALE,
    { expected: 'a number above 0, up to 1', holds: (v) => upTo(1).holds(v) && v !== 0 },
    '<share>',
    'least area of the random crop, a share of the image’s',
    IN_FILES,
  ),
  hflip: augmentation.number(DEFAULT_FLIP, upTo(1), '<probability>', 'mirror an image: left becomes right'),
  vflip: augmentation.number(0, upTo(1), '<probability>', 'turn an image upside down'),
  autoAugment: augmentation.choice(
    'none',
    ['none', 'ra', 'ta_wide'],
    '<name>',
    'RandAugment (ra) or TrivialAugment (ta_wide), as torchvision has them',
  ),
  raOps: augmentation.number(
    2,
    wholeUpTo(1, MOST_OPERATIONS),
    '<n>',
    'operations of RandAugment on an image',
    WITH_RA,
  ),
  raMagnitude: augmentation.number(
    9,
    wholeUpTo(0, MAGNITUDES - 1),
    '<n>',
    'strength of RandAugment as torchvision counts it: timm’s m9 is 27',
    WITH_RA,
  ),
  colourJitter: augmentation.number(
    0,
    upTo(1, true),
    '<strength>',
    'random brightness, contrast and saturation',
  ),
  hueJitter: augmentation.number(
    0,
    upTo(0.5),
    '<share>',
    'random rotation of the hue: a fraction of the colour circle up to 0.5',
  ),
  greyscale: augmentation.number(0, upTo(1), '<probability>', 'take an image’s colours away'),
  blur: augmentation.number(
    0,
    upTo(1),
    '<probability>',
    'Gaussian blur, σ from 0.1 to 2 pixels, with a kernel of a tenth of the image’s size',
  ),
  randomErase: augmentation.number(
    0,
    upTo(1),
    '<probability>',
    'fill a rectangle of 2% to 33% of an image with the mean colour',
  ),
  mixup: augmentation.number(
    0,
    atLeast(0),
    '<alpha>',
    'blend the images of a batch in pairs, and their classes: shares of Beta(α, α)',
  ),
  cutmix: augmentation.number(
    0,
    atLeast(0),
    '<alpha>',
    'paste a part of another image of the batch, and mix their classes; with mixup, each batch is mixed in one of both ways',
  ),
  mixupOffEpoch: augmentation.number<number | null>(
    null,
    orNull(whole(1)),
    '<epochs>',
    'epochs after which images are no longer mixed',
    { unset: 'never' },
  ),
};
