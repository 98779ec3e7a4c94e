import type { ExifHandling } from '../../data/preprocessing.js';
import { IMAGE_CHANNELS } from '../../models/model.js';
import { families, type ModelOption, modelNames } from '../../models/registry.js';
import { settingsIn } from './builders.js';
import { hyperparameterSettings } from './hyperparameters.js';
import { between, LARGEST_IMAGE, orNull, type SettingsOf, seed, text, whole, wholeUpTo } from './setting.js';

/** Data that is loaded by name. */
const DATA_NAMES = ['cifar100', 'cifar10', 'synthetic', 'imagefolder', 'webdataset'] as const;

const model = settingsIn('Model');
const data = settingsIn('Data');

/** Settings of the model and its initial weights. */
export const MODEL_SETTINGS: SettingsOf<
  'model' | ModelOption | 'imageSize' | 'imageChannels' | 'pretrained' | 'pretrainedEma' | 'keepClassifier'
> = {
  model: {
    ...model.choice<string>('shufflenetv2', modelNames, '<name>', 'model', {
      unset: 'the pretrained weights’, else shufflenetv2',
    }),
    // A file may come from a version with other models: createModel checks the name.
    check: text,
  },
  ...hyperparameterSettings(families),
  imageSize: model.number<number | null>(
    null,
    orNull(wholeUpTo(1, LARGEST_IMAGE)),
    '<pixels>',
    'height and width of the images',
    { unset: 'the data’s; for image files, chosen by the model and the images, and printed' },
  ),
  imageChannels: model.number<number | null>(
    null,
    orNull({
      expected: '3, or 1 for grey images',
      holds: (value) => typeof value === 'number' && IMAGE_CHANNELS.includes(value),
    }),
    '<n>',
    'channels that images are converted to: 3, or 1 for grey',
    { unset: 'the data’s' },
  ),
  pretrained: model.path(
    '<file|name>',
    'weights to start with: .safetensors or .pth, or published ones such as timm/resnet18.a1_in1k',
  ),
  pretrainedEma: model.flag(false, 'take the averaged weights (EMA) of the pretrained file'),
  keepClassifier: model.flag(
    false,
    'keep the pretrained classifier by position where class names are missing; rows of the same names are always kept',
  ),
};

const FILES = ['imagefolder', 'webdataset'];

/** Settings of the data. */
export const DATA_SETTINGS: SettingsOf<
  | 'data'
  | 'dataPath'
  | 'download'
  | 'classMap'
  | 'exclude'
  | 'exif'
  | 'valShare'
  | 'splitSeed'
  | 'folds'
  | 'fold'
  | 'splitBy'
  | 'limitTrain'
  | 'limitTest'
> = {
  data: data.choice('cifar100', DATA_NAMES, '<name>', 'data'),
  dataPath: data.path('<path>', 'folder or archive of the data, or URLs of archives', {
    unset: 'data, for CIFAR',
    onlyWith: { key: 'data', values: DATA_NAMES.filter((name) => name !== 'synthetic') },
    onResume: 'may change',
  }),
  download: data.flag(false, 'fetch the official archive if the data is missing', {
    onlyWith: { key: 'data', values: ['cifar100', 'cifar10'] },
    onResume: 'may change',
  }),
  classMap: data.path('<file>', 'class numbers of an imagefolder’s folders', {
    unset: 'their sorted order',
    onlyWith: { key: 'data', values: ['imagefolder'] },
    onResume: 'may change',
  }),
  exclude: data.path('<file>', 'list of images of an imagefolder to leave out, as check-data prints them', {
    onlyWith: { key: 'data', values: ['imagefolder'] },
    onResume: 'may change',
  }),
  exif: data.choice<ExifHandling>(
    'apply',
    ['apply', 'ignore'],
    '<handling>',
    'whether the EXIF orientation of image files is applied',
    { onlyWith: { key: 'data', values: FILES } },
  ),
  valShare: data.number(0.2, between(0, 1), '<share>', 'share that is held out if there is no val/', {
    onlyWith: { key: 'data', values: FILES },
  }),
  splitSeed: data.number(0, seed, '<n>', 'decides which images are held out', {
    onlyWith: { key: 'data', values: FILES },
  }),
  folds: data.number<number | null>(
    null,
    orNull(whole(2)),
    '<k>',
    'divide the images into so many folds, each with its share of every class, of which one is held out',
    { unset: 'a share is held out', onlyWith: { key: 'data', values: FILES } },
  ),
  fold: data.number<number | null>(null, orNull(whole(1)), '<i>', 'the fold that is held out, from 1', {
    unset: 'none',
    onlyWith: { key: 'folds' },
  }),
  splitBy: {
    ...data.choice(
      'path',
      ['path', 'place'],
      '',
      'how images are chosen: by a hash of their path; place is for runs of 0.1.0',
    ),
    argument: null,
  },
  limitTrain: data.number<number | null>(null, orNull(whole(1)), '<n>', 'use only this many training images'),
  limitTest: data.number<number | null>(null, orNull(whole(1)), '<n>', 'use only this many test images'),
};
