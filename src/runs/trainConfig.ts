import type { CachePlace } from '../data/cache/cachePlace.js';
import type { ExifHandling } from '../data/preprocessing.js';
import type { ModelOption } from '../models/registry.js';
import type { WatchedMetric } from '../train/earlyStop.js';

/** Optimisers by name. */
export type OptimizerName = 'sgd' | 'adamw' | 'rmsprop' | 'lion';

/** Hyperparameters of the model; null: the model's default. */
export type ModelSettings = { readonly [K in ModelOption]: number | null };

/** Everything that decides a training run. Plain data: a run folder keeps it as config.json. */
export interface TrainConfig extends ModelSettings {
  /** A name in `modelNames`. */
  readonly model: string;
  /** Height and width of the images; null: the data's, or the model's own for image folders. */
  readonly imageSize: number | null;
  /** Channels that images are converted to: 3, or 1 for grey; null: the data's. */
  readonly imageChannels: number | null;
  readonly data: 'cifar100' | 'cifar10' | 'synthetic' | 'imagefolder' | 'webdataset';
  /** Folder or archive; null for generated data. */
  readonly dataPath: string | null;
  /** Whether missing data is fetched. */
  readonly download: boolean;
  /** File that maps the names of class folders to class numbers; null: their sorted order. */
  readonly classMap: string | null;
  /** List of images to leave out; null: none. */
  readonly exclude: string | null;
  /** Whether the EXIF orientation of image files is applied; a resumed run keeps its value. */
  readonly exif: ExifHandling;
  /** Share of the images that is held out for validation if the data has no such part. */
  readonly valShare: number;
  /** Decides which those are. */
  readonly splitSeed: number;
  /** Folds of about equal size that the images are divided into, and the one that is held out, from 1, in place of a share; null: none. */
  readonly folds: number | null;
  readonly fold: number | null;
  /** How they are chosen: by a hash of each image's path; in runs of older versions by its place among all. */
  readonly splitBy: 'path' | 'place';
  /** Zeros around images in memory before the random crop. */
  readonly cropPadding: number;
  /** Least area of the random crop of images in files, as a share of the image's. */
  readonly cropScale: number;
  /** Probabilities of mirroring an image and of turning it upside down. */
  readonly hflip: number;
  readonly vflip: number;
  /** RandAugment or TrivialAugment, by torchvision's names. */
  readonly autoAugment: 'none' | 'ra' | 'ta_wide';
  /** RandAugment's operations on an image, and their strength from 0 to 30. */
  readonly raOps: number;
  readonly raMagnitude: number;
  /** Strength of random brightness, contrast and saturation. */
  readonly colourJitter: number;
  /** Largest random rotation of the hue, as a fraction of the colour circle, at most 0.5. */
  readonly hueJitter: number;
  /** Probabilities of taking an image's colours away, of a Gaussian blur, and of filling a rectangle with the mean colour. */
  readonly greyscale: number;
  readonly blur: number;
  readonly randomErase: number;
  /** α of mixup and of CutMix, 0 for none, and the number of epochs that have them; null: all. */
  readonly mixup: number;
  readonly cutmix: number;
  readonly mixupOffEpoch: number | null;
  readonly loss: 'bias' | 'ce' | 'focal';
  /** α and β of the bias loss's weight exp(α·u) − β. */
  readonly alpha: number;
  readonly beta: number;
  readonly normMode: 'global' | 'local';
  readonly labelSmoothing: number;
  /** γ of the focal loss; null: 2 with the loss `focal`, else no focus. */
  readonly focalGamma: number | null;
  /** `balanced`, or a JSON file with a weight for each class; null: 1 each. */
  readonly classWeights: string | null;
  /** Whether each class comes equally often in an epoch. */
  readonly balancedSampler: boolean;
  /** Weights of a model that the run imitates; null: none. */
  readonly teacher: string | null;
  /** Share of the loss that imitates the teacher. */
  readonly distillWeight: number;
  /** What both models' logits are divided by for it. */
  readonly temperature: number;
  readonly epochs: number;
  readonly batchSize: number;
  /** Batches per step, whose gradients are averaged. */
  readonly accumulate: number;
  /** Whether batch normalisation takes the statistics of all ranks' parts of a batch. */
  readonly syncBatchNorm: boolean;
  readonly optimizer: OptimizerName;
  readonly baseLr: number;
  /** Of SGD and RMSprop. */
  readonly momentum: number;
  readonly nesterov: boolean;
  /** What the averages of AdamW and Lion keep each step; null: the optimiser's own. */
  readonly betas: readonly number[] | null;
  /** ε of AdamW and RMSprop; null: the optimiser's own. */
  readonly eps: number | null;
  /** What RMSprop's average of squared gradients keeps each step; null: the rule's own. */
  readonly rmspropAlpha: number | null;
  /** Whether RMSprop follows TensorFlow's rule. */
  readonly rmspropTf: boolean;
  readonly weightDecay: number;
  /** Whether biases and the parameters of normalisation decay, too. */
  readonly decayBiasNorm: boolean;
  /** `backbone`, or how many parts, that are not trained; null: none. */
  readonly freeze: string | null;
  /** Epochs after which everything is trained; null: never. */
  readonly unfreezeAfter: number | null;
  /** Factor of the classifier's learning rate. */
  readonly headLrScale: number;
  /** Factor of each part's learning rate beside that of the part after it. */
  readonly layerDecay: number;
  /** Epochs without a better value of `patienceMetric` after which the run ends; null: it never ends early. */
  readonly patience: number | null;
  readonly patienceMetric: WatchedMetric;
  /** Decay of the moving average of the weights that is kept; null: none is. */
  readonly emaDecay: number | null;
  /** Maximum norm of all gradients together, as in `clip_grad_norm_`; null: gradients are not clipped. */
  readonly clipNorm: number | null;
  readonly schedule: 'multistep' | 'cosine' | 'exponential' | 'onecycle';
  /** Epochs after which the multistep schedule multiplies the rate by `gamma`. */
  readonly milestones: readonly number[];
  /** Factor of the schedules multistep and exponential; null: 0.1 and 0.95. */
  readonly gamma: number | null;
  /** Of the schedule onecycle: share of the steps in which the rate rises, and what its first and last rates are divided by. */
  readonly pctStart: number;
  readonly divFactor: number;
  readonly finalDivFactor: number;
  readonly warmupEpochs: number;
  readonly seed: number;
  /** Threads of computation; null or 0: as many as pay beside other processes, or the share of one of several ranks. */
  readonly threads: number | null;
  readonly engine: 'auto' | 'cpu' | 'cuda' | 'onnx' | 'onednn' | 'reference' | 'webgpu';
  readonly precision: 'auto' | 'f32' | 'tf32' | 'bf16';
  /**
   * First steps of a run that are in f32 while the rest is in bf16. A network with many normalisations is chaotic
   * at initialisation: bf16's rounding grows from layer to layer, and half of the early layers' gradient is noise.
   */
  readonly f32Steps: number;
  /** Seconds after which a rank that makes no progress ends all ranks. */
  readonly rankTimeout: number;
  /** Number of images of the part to use; null: all. */
  readonly limitTrain: number | null;
  readonly limitTest: number | null;
  /** Weights to start with; null: random, from the seed. */
  readonly pretrained: string | null;
  /** Whether averaged weights (EMA) of the pretrained file are taken. */
  readonly pretrainedEma: boolean;
  /** Whether the pretrained classifier is kept by position if class names are missing on either side. */
  readonly keepClassifier: boolean;
  /** Epochs between checkpoints that are kept; 0: none. */
  readonly saveEvery: number;
  /** Seconds between checkpoints within an epoch. */
  readonly checkpointSeconds: number;
  /** Worker threads that make batches. */
  readonly workers: number;
  /** Where decoded images of files are kept, so that only the first epoch decodes them. */
  readonly cache: 'off' | CachePlace;
  /** Most megabytes of them; null: half of what is free. */
  readonly cacheMb: number | null;
  /** Folder of accuracy.csv and accuracy_train.csv; null: the run's own. */
  readonly accuraciesDir: string | null;
}
