import type { ExifHandling } from '../data/preprocessing.js';
import type { ModelOption } from '../models/registry.js';

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
  /** List of images to leave out; null: none. */
  readonly exclude: string | null;
  /** Whether images in files are turned as their EXIF orientation says; a run that is resumed keeps what it has. */
  readonly exif: ExifHandling;
  /** Share of the images that is held out for validation where the data has no such part. */
  readonly valShare: number;
  /** Decides which those are. */
  readonly splitSeed: number;
  /** What decides them besides: each image's own path; in runs of older versions, its place among all. */
  readonly splitBy: 'path' | 'place';
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
  /** Whether averaged weights (EMA) of the pretrained file are taken. */
  readonly pretrainedEma: boolean;
  /** Whether the pretrained classifier is kept by position where there are no class names on both sides. */
  readonly keepClassifier: boolean;
  /** Keep every so many epochs' checkpoint; 0: none. */
  readonly saveEvery: number;
  /** Seconds between checkpoints within an epoch. */
  readonly checkpointSeconds: number;
  /** Worker threads that make batches. */
  readonly workers: number;
  /** Folder of accuracy.csv and accuracy_train.csv; null: the run's own. */
  readonly accuraciesDir: string | null;
}
