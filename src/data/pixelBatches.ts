import type { Batch, BatchSource } from './batch.js';
import { normalisationFor, withChannels } from './channels.js';
import type { Normalisation, PixelDataset } from './dataset.js';
import { checkLoading, epochOrder, stepsOfEpoch } from './loading.js';
import {
  CIFAR_AUGMENTATION,
  fillPixelBatch,
  normalisationTables,
  type PixelAugmentation,
} from './pixelTransforms.js';

/** Options of {@link PixelBatches}. */
export interface PixelBatchesOptions {
  readonly batchSize: number;
  /** Channels that the model takes: 3, or 1 for grey, to which images are converted. Default: the set's. */
  readonly channels?: number | undefined;
  /** Mean and deviation that the model is trained with. Default: the set's. */
  readonly normalisation?: Normalisation | undefined;
  /** For training: shuffled, augmented, without a last partial batch. Otherwise in order, all of them. */
  readonly training?:
    | {
        readonly seed: number;
        /** Crop and flip. Default: padding 4, flip. */
        readonly augmentation?: PixelAugmentation | undefined;
      }
    | undefined;
}

/**
 * Makes batches of images in memory on the calling thread, bit for bit those of a `Loader`: where there are no worker
 * threads of Node's, or images are so small that they are not worth one.
 */
export class PixelBatches implements BatchSource {
  readonly stepsPerEpoch: number;
  private readonly dataset: PixelDataset;
  private readonly tables: Float32Array;
  private spent = 0;

  /** @throws UserError when the batch is larger than the training set */
  constructor(
    dataset: PixelDataset,
    private readonly options: PixelBatchesOptions,
  ) {
    const { channels = dataset.channels ?? 3, normalisation = dataset.normalisation } = options;
    checkLoading(dataset, { ...options, imageSize: dataset.imageSize });
    this.stepsPerEpoch = stepsOfEpoch(dataset.count, options);
    this.dataset = withChannels(dataset, channels);
    this.tables = normalisationTables(normalisationFor(normalisation, channels));
  }

  /** Milliseconds spent on batches in all. */
  get waitedMs(): number {
    return this.spent;
  }

  async *epoch(epoch: number, start = 0): AsyncGenerator<Batch> {
    const order = epochOrder(this.dataset.count, epoch, this.options.training?.seed);
    for (let step = start; step < this.stepsPerEpoch; step++) {
      const begin = performance.now();
      const batch = this.batch(epoch, order, step);
      this.spent += performance.now() - begin;
      yield batch;
    }
  }

  private batch(epoch: number, order: Uint32Array, step: number): Batch {
    const { batchSize, training } = this.options;
    const { imageSize, channels = 3, labels: all } = this.dataset;
    const indices = order.slice(step * batchSize, (step + 1) * batchSize);
    const images = new Float32Array(batchSize * channels * imageSize ** 2);
    const labels = new Int32Array(batchSize);
    labels.set(indices.map((index) => all[index]!));
    const how = training?.augmentation ?? CIFAR_AUGMENTATION;
    const augment = training && { seed: training.seed, epoch, how };
    fillPixelBatch(images, this.dataset, { indices, ...(augment && { augment }) }, this.tables);
    return { images, labels, count: indices.length };
  }
}
