import { UsageError } from '../errors.js';
import { IMAGE_CHANNELS } from '../models/model.js';
import { families, type ModelOption } from '../models/registry.js';

/** Hyperparameters of the model; null: the model's own. */
export type ModelSettings = { readonly [K in ModelOption]: number | null };

/** Everything that decides a training run. Plain data: a run folder keeps it as config.json. */
export interface TrainConfig extends ModelSettings {
  /** A name in `modelNames`. */
  readonly model: string;
  /** Height and width of the images; null: the data's, or the model's own for image folders. */
  readonly imageSize: number | null;
  /** Channels of the images, to which they are converted: 3, or 1 for grey; null: the data's. */
  readonly imageChannels: number | null;
  readonly data: 'cifar100' | 'cifar10' | 'synthetic' | 'imagefolder' | 'webdataset';
  /** Folder or archive; null for data that is made. */
  readonly dataPath: string | null;
  /** Whether missing data is fetched. */
  readonly download: boolean;
  /** File that maps the names of class folders to class numbers; null: their sorted order. */
  readonly classMap: string | null;
  /** List of training images to leave out; null: none. */
  readonly exclude: string | null;
  /** Strength of random brightness, contrast and saturation of images in files. */
  readonly colourJitter: number;
  /** Greatest random turn of their hue, a share of the colour circle, at most 0.5. */
  readonly hueJitter: number;
  readonly loss: 'bias' | 'ce';
  /** α and β of the bias loss's weight exp(α·u) − β. */
  readonly alpha: number;
  readonly beta: number;
  readonly normMode: 'global' | 'local';
  readonly labelSmoothing: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Batches whose gradients are averaged in a step. */
  readonly accumulate: number;
  readonly baseLr: number;
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly weightDecay: number;
  /** Greatest norm of all gradients taken together; null: any. */
  readonly clipNorm: number | null;
  readonly schedule: 'multistep' | 'cosine';
  /** Epochs after which the multistep schedule divides the rate by 10. */
  readonly milestones: readonly number[];
  readonly warmupEpochs: number;
  readonly seed: number;
  /** Threads of computation; null: all. */
  readonly threads: number | null;
  readonly engine: 'auto' | 'onnx' | 'onednn' | 'reference';
  readonly precision: 'auto' | 'f32' | 'bf16';
  /**
   * First steps of a run that are in f32 though the rest is in bf16. A network of many normalisations is chaotic
   * where it begins: bf16's rounding grows from layer to layer, and half of the early layers' gradient is noise.
   */
  readonly f32Steps: number;
  /** Only so many images of a part; null: all. */
  readonly limitTrain: number | null;
  readonly limitTest: number | null;
  /** Weights to begin with; null: drawn from the seed. */
  readonly pretrained: string | null;
  /** Keep every so many epochs' checkpoint; 0: none. */
  readonly saveEvery: number;
  /** Seconds between checkpoints within an epoch. */
  readonly checkpointSeconds: number;
  /** Worker threads that make batches. */
  readonly workers: number;
  /** Folder of accuracy.csv and accuracy_train.csv; null: the run's own. */
  readonly accuraciesDir: string | null;
}

/** The published CIFAR-100 recipe's settings, which are the defaults. */
export const TRAIN_DEFAULTS: TrainConfig = {
  model: 'shufflenetv2',
  ...families.eachOption(null),
  imageSize: null,
  imageChannels: null,
  data: 'cifar100',
  dataPath: null,
  download: false,
  classMap: null,
  exclude: null,
  colourJitter: 0,
  hueJitter: 0,
  loss: 'bias',
  alpha: 0.3,
  beta: 0.3,
  normMode: 'global',
  labelSmoothing: 0,
  epochs: 160,
  batchSize: 128,
  accumulate: 1,
  baseLr: 0.1,
  momentum: 0.9,
  nesterov: false,
  weightDecay: 1e-4,
  clipNorm: null,
  schedule: 'multistep',
  milestones: [80, 122],
  warmupEpochs: 0,
  seed: 0,
  threads: null,
  engine: 'auto',
  precision: 'f32',
  f32Steps: 200,
  limitTrain: null,
  limitTest: null,
  pretrained: null,
  saveEvery: 0,
  checkpointSeconds: 300,
  workers: 1,
  accuraciesDir: null,
};

/** Settings under a name; `--recipe` takes one. */
export const RECIPES: Readonly<Record<string, Partial<TrainConfig>>> = {
  'biasloss-cifar100': {
    data: 'cifar100',
    loss: 'bias',
    alpha: 0.3,
    beta: 0.3,
    normMode: 'global',
    epochs: 160,
    batchSize: 128,
    baseLr: 0.1,
    momentum: 0.9,
    nesterov: false,
    weightDecay: 1e-4,
    schedule: 'multistep',
    milestones: [80, 122],
    warmupEpochs: 0,
    labelSmoothing: 0,
  },
};

/** What a setting may be. */
type Check = { readonly expected: string; readonly holds: (value: unknown) => boolean };

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const oneOf = (...values: string[]): Check => ({
  expected: `one of ${values.join(', ')}`,
  holds: (v) => typeof v === 'string' && values.includes(v),
});
const text: Check = { expected: 'text', holds: (v) => typeof v === 'string' && v !== '' };
const flag: Check = { expected: 'true or false', holds: (v) => typeof v === 'boolean' };
const whole = (least: number): Check => ({
  expected: `a whole number of at least ${least}`,
  holds: (v) => isNumber(v) && Number.isInteger(v) && v >= least,
});
const atLeast = (least: number): Check => ({
  expected: `a number of at least ${least}`,
  holds: (v) => isNumber(v) && v >= least,
});
const share: Check = { expected: 'a number from 0 to below 1', holds: (v) => isNumber(v) && v >= 0 && v < 1 };
const orNull = ({ expected, holds }: Check): Check => ({ expected, holds: (v) => v === null || holds(v) });

const CHECKS: { readonly [K in keyof TrainConfig]: Check } = {
  model: text,
  ...families.eachOption(orNull(atLeast(0))),
  imageSize: orNull(whole(1)),
  imageChannels: orNull({
    expected: '3, or 1 for grey images',
    holds: (v) => isNumber(v) && IMAGE_CHANNELS.includes(v),
  }),
  data: oneOf('cifar100', 'cifar10', 'synthetic', 'imagefolder', 'webdataset'),
  dataPath: orNull(text),
  download: flag,
  classMap: orNull(text),
  exclude: orNull(text),
  colourJitter: share,
  hueJitter: { expected: 'a number from 0 to 0.5', holds: (v) => isNumber(v) && v >= 0 && v <= 0.5 },
  loss: oneOf('bias', 'ce'),
  alpha: { expected: 'a number', holds: isNumber },
  beta: { expected: 'a number', holds: isNumber },
  normMode: oneOf('global', 'local'),
  labelSmoothing: share,
  epochs: whole(1),
  batchSize: whole(1),
  accumulate: whole(1),
  baseLr: atLeast(0),
  momentum: share,
  nesterov: flag,
  weightDecay: atLeast(0),
  clipNorm: orNull({ expected: 'a number above 0', holds: (v) => isNumber(v) && v > 0 }),
  schedule: oneOf('multistep', 'cosine'),
  milestones: {
    expected: 'a list of epochs',
    holds: (v) => Array.isArray(v) && v.every((m) => isNumber(m) && m >= 0),
  },
  warmupEpochs: atLeast(0),
  seed: whole(0),
  threads: orNull(whole(1)),
  engine: oneOf('auto', 'onnx', 'onednn', 'reference'),
  precision: oneOf('auto', 'f32', 'bf16'),
  f32Steps: whole(0),
  limitTrain: orNull(whole(1)),
  limitTest: orNull(whole(1)),
  pretrained: orNull(text),
  saveEvery: whole(0),
  checkpointSeconds: atLeast(0),
  workers: whole(1),
  accuraciesDir: orNull(text),
};

function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Checks settings that came from a file or from flags.
 *
 * @param source names the file in messages; without it settings are called by their flags
 * @throws UsageError naming the setting, what was expected and what was found
 */
export function checkTrainSettings(settings: unknown, source?: string): Partial<TrainConfig> {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
    throw new UsageError(`${source ?? 'the configuration'} must be a JSON object of settings`);
  for (const [key, value] of Object.entries(settings)) {
    const name = source === undefined ? flagOf(key) : `${key} in ${source}`;
    if (!Object.hasOwn(CHECKS, key)) throw new UsageError(`${name} is no setting of a training`);
    const { expected, holds } = CHECKS[key as keyof TrainConfig];
    if (!holds(value)) throw new UsageError(`${name} must be ${expected}, not ${JSON.stringify(value)}`);
  }
  return settings;
}
