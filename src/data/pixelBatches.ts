import { mixedClasses, mixImages, mixOf } from './augment/mixing.js';
import type { TrainingBatches } from './augment/transforms.js';
import type { Batch, BatchSource } from './batch.js';
import { normalisationFor, withChannels } from './channels.js';
import type { Normalisation, PixelDataset } from './dataset.js';
import { checkLoading, orderOf, stepsOfEpoch } from './loading.js';
import { PixelPreparer } from './pixelPreparer.js';

/** Options of {@link PixelBatches}. */
export interface PixelBatchesOptions {
  readonly batchSize: number;
  /** Channels that the model takes: 3, or 1 for grey, to which images are converted. Default: the set's. */
  readonly channels?: number | undefined;
  /** Mean and deviation that the model is trained with. Default: the set's. */
  readonly normalisation?: Normalisation | undefined;
  /** For training: shuffled, changed at random, without a last partial batch. Otherwise in order, all of them. */
  readonly training?: TrainingBatches | undefined;
}

/**
 * Makes batches of images in memory on the calling thread, bit for bit those of a `Loader`: where there are no worker
 * threads of Node's, or images are so small that they are not worth one.
 */
export class PixelBatches implements BatchSource {
  readonly stepsPerEpoch: number;
  private readonly dataset: PixelDataset;
  private readonly preparer: PixelPreparer;
  private spent = 0;

  /** @throws UserError when the batch is larger than the training set */
  constructor(
    dataset: PixelDataset,
    private readonly options: PixelBatchesOptions,
  ) {
    const { channels = dataset.channels ?? 3, normalisation = dataset.normalisation } = options;
    checkLoading(dataset, { ...options, imageSize: dataset.imageSize });
    this.stepsPerEpoch = stepsOfEpoch(dataset.count, options);
    const { pixels, ...converted } = withChannels(dataset, channels);
    const length = channels * dataset.imageSize ** 2;
    this.dataset = { ...converted, pixels: pixels.subarray(0, dataset.count * length) };
    const adapted = normalisationFor(normalisation, channels);
    this.preparer = new PixelPreparer(this.dataset, adapted, options.training);
  }

  /** Milliseconds spent on batches in all. */
  get waitedMs(): number {
    return this.spent;
  }

  async *epoch(epoch: number, start = 0): AsyncGenerator<Batch> {
    const order = orderOf(this.dataset, epoch, this.options.training);
    for (let step = start; step < this.stepsPerEpoch; step++) {
      const begin = performance.now();
      const batch = this.batch(epoch, order, step);
      this.spent += performance.now() - begin;
      yield batch;
    }
  }

  private batch(epoch: number, order: Uint32Array, step: number): Batch {
    const { batchSize, training } = this.options;
    const { imageSize: size, channels = 3, labels: all, classes } = this.dataset;
    const indices = order.slice(step * batchSize, (step + 1) * batchSize);
    const images = new Float32Array(batchSize * channels * size ** 2);
    const labels = new Int32Array(batchSize);
    labels.set(indices.map((index) => all[index % all.length]!));
    this.preparer.fill(images, { epoch, indices });
    const count = indices.length;
    if (!training?.mixing) return { images, labels, count };
    const mix = mixOf(training.mixing, training.seed, { epoch, step, size });
    if (mix) mixImages(images, count, size, mix);
    return { images, ...mixedClasses(labels, classes.length, mix), count };
  }
}
