import { mixedClasses, mixOf } from './augment/mixing.js';
import type { TrainingBatches } from './augment/transforms.js';
import type { Batch, BatchSource, ByteBatch } from './batch.js';
import type { ByteImages } from './byteImages.js';
import type { ImageStore } from './cache/imageStore.js';
import type { KeptImage } from './cache/keptImage.js';
import { normalisationFor, withChannels } from './channels.js';
import type { Dataset, ImageSource, PixelDataset } from './dataset.js';
import type { MadePart, PartRequest } from './loaderCalls.js';
import { LoaderPool } from './loaderPool.js';
import { loaderThreads } from './loaderThreads.js';
import { checkLoading, orderOf, type Part, stepsOfEpoch, WHOLE } from './loading.js';
import { normalisationTables } from './normalise.js';
import { type Preprocessing, standardPreprocessing } from './preprocessing.js';

/** Options of a loader. */
export interface LoaderOptions {
  readonly batchSize: number;
  /** The part of every batch that this loader makes, of equal ones: a rank's. `batchSize` is the part's. Default: all. */
  readonly part?: Part | undefined;
  /** Height and width of the images that the model takes; must be the set's own for images in memory. */
  readonly imageSize: number;
  /** Channels that the model takes: 3, or 1 for grey, to which images are converted. Default: the set's. */
  readonly channels?: number | undefined;
  /** Preprocessing, for `imageSize`. Default: {@link standardPreprocessing} of the data set. */
  readonly preprocessing?: Preprocessing | undefined;
  /** For training: shuffled, changed at random, without a last partial batch. Otherwise in order, all of them. */
  readonly training?: TrainingBatches | undefined;
  /** Workers: a thread each, two where TurboJPEG decodes and processors are free for it. Default 1; batches are the same with any number. */
  readonly workers?: number | undefined;
  /** Where decoded images of files are kept between epochs; closed by the caller. Default: nowhere. */
  readonly store?: ImageStore | undefined;
  /** Called with the number of images that are kept, after the first whole epoch that was loaded, if there is a store. */
  readonly onKept?: ((images: number) => void) | undefined;
  /** Batches made in advance, as far as they fit into half a gigabyte. Default 3. */
  readonly prefetch?: number | undefined;
}

/** A batch as the workers make it. */
type UnmixedBatch = Batch & { readonly images: Float32Array<ArrayBuffer> };

/** Images in files are requested in parts of this size, which the workers make in parallel. */
const PART = 16;

/** Bytes of batches made in advance, unless a single one is larger. */
const PREFETCH_BYTES = 2 ** 29;

/**
 * Makes batches in worker threads, in advance. Order and random changes depend only on (seed, epoch,
 * index), so that an epoch can be resumed at any step and the number of workers does not matter.
 */
export class Loader implements BatchSource {
  /** Batches of an epoch. */
  readonly stepsPerEpoch: number;
  private waited = 0;
  private readonly pool: LoaderPool;
  private readonly prefetch: number;
  private readonly imageLength: number;
  private readonly tables: Float32Array;
  /** Present where nothing changes images after they are normalised: no mixing, and no erasing. */
  readonly byteEpoch: ((epoch: number, start?: number) => AsyncGenerator<ByteBatch>) | undefined;
  private readonly kept = new Map<number, KeptImage>();
  private isReported = false;

  /**
   * @throws UserError when the batch is larger than the training set, or images are of another size
   */
  constructor(
    private readonly dataset: Dataset,
    private readonly options: LoaderOptions,
  ) {
    checkLoading(dataset, options);
    const { batchSize, imageSize, training } = options;
    const { channels = dataset.channels ?? 3 } = options;
    const { preprocessing = standardPreprocessing(dataset, imageSize) } = options;
    this.stepsPerEpoch = stepsOfEpoch(dataset.count, options);
    this.imageLength = channels * imageSize * imageSize;
    const affordable = Math.floor(PREFETCH_BYTES / (batchSize * this.imageLength * 4));
    this.prefetch = Math.max(1, Math.min(options.prefetch ?? 3, affordable));
    const normalisation = normalisationFor(preprocessing, channels);
    this.tables = normalisationTables(normalisation);
    this.pool = new LoaderPool(loaderThreads(dataset, options.workers ?? 1), {
      memory: dataset.kind === 'pixels' ? { pixels: this.pixelsOf(dataset, channels) } : undefined,
      preprocessing: { ...preprocessing, ...normalisation },
      training,
      store: options.store?.handle,
    });
    this.byteEpoch = endsInBytes(training)
      ? (epoch, first = 0) => this.batches(epoch, first, (...which) => this.requestBytes(...which))
      : undefined;
  }

  /** Total milliseconds that the consumer has waited for batches. */
  get waitedMs(): number {
    return this.waited;
  }

  /**
   * The batches of an epoch, from step `start` on.
   *
   * @throws UserError for an image that cannot be read, naming its path
   */
  epoch(epoch: number, start = 0): AsyncGenerator<Batch> {
    return this.batches(epoch, start, (...which) => this.request(...which));
  }

  private async *batches<B>(
    epoch: number,
    start: number,
    make: (epoch: number, order: Uint32Array, step: number) => Promise<B>,
  ): AsyncGenerator<B> {
    const order = orderOf(this.dataset, epoch, this.options.training);
    const queue: Promise<B>[] = [];
    let next = start;
    const request = (): void => {
      if (next >= this.stepsPerEpoch) return;
      const batch = make(epoch, order, next++);
      // A batch that is no longer needed must not become an unhandled rejection.
      batch.catch(() => undefined);
      queue.push(batch);
    };
    for (let i = 0; i < this.prefetch; i++) request();
    for (let batch = queue.shift(); batch; batch = queue.shift()) {
      const begin = performance.now();
      const ready = await batch;
      this.waited += performance.now() - begin;
      request();
      yield ready;
    }
    if (start === 0) this.reportKept();
  }

  private reportKept(): void {
    if (this.isReported || !this.options.store) return;
    this.isReported = true;
    this.options.onKept?.(this.kept.size);
  }

  /** The set's own pixels, which may be a part of what is in memory. */
  private pixelsOf(dataset: PixelDataset, channels: number): Uint8Array {
    return withChannels(dataset, channels).pixels.subarray(0, dataset.count * this.imageLength);
  }

  /** Stops the workers. */
  async close(): Promise<void> {
    await this.pool.close();
  }

  private async request(epoch: number, order: Uint32Array, step: number): Promise<Batch> {
    const { dataset } = this;
    const { indices, labels } = this.imagesOf(order, step);
    const images =
      dataset.kind === 'pixels'
        ? (await this.pool.request({ epoch, indices, sources: [], room: this.options.batchSize })).images
        : await this.requestParts(epoch, indices, dataset.source);
    const batch = { images, labels, count: indices.length };
    return this.options.training?.mixing ? this.mixed(batch, epoch, step) : batch;
  }

  private async requestBytes(epoch: number, order: Uint32Array, step: number): Promise<ByteBatch> {
    const { dataset } = this;
    const { indices, labels } = this.imagesOf(order, step);
    const { pixels, placements } =
      dataset.kind === 'pixels'
        ? await this.pool.requestBytes({ epoch, indices, sources: [], room: this.options.batchSize })
        : await this.requestByteParts(epoch, indices, dataset.source);
    return { images: { pixels, placements, tables: this.tables }, labels, count: indices.length };
  }

  /** The images of a batch and their classes. */
  private imagesOf(order: Uint32Array, step: number): { indices: Uint32Array; labels: Int32Array } {
    const { batchSize, part = WHOLE } = this.options;
    const { labels: all, count } = this.dataset;
    const start = (step * part.size + part.rank) * batchSize;
    const indices = order.slice(start, start + batchSize);
    const labels = new Int32Array(batchSize);
    labels.set(indices.map((index) => all[index % count]!));
    return { indices, labels };
  }

  private async mixed(batch: UnmixedBatch, epoch: number, step: number): Promise<Batch> {
    const { imageSize: size, training } = this.options;
    const { images, labels, count } = batch;
    const mix = mixOf(training!.mixing!, training!.seed, { epoch, step, size });
    const mixedImages = mix ? await this.pool.mix({ images, count, size, mix }) : images;
    return { images: mixedImages, ...mixedClasses(labels, this.dataset.classes.length, mix), count };
  }

  private async requestParts(
    epoch: number,
    all: Uint32Array,
    source: (index: number) => ImageSource,
  ): Promise<Float32Array<ArrayBuffer>> {
    const { imageLength } = this;
    const images = new Float32Array(this.options.batchSize * imageLength);
    await this.inParts(epoch, all, source, async (part, start) => {
      const made = await this.pool.request(part);
      images.set(made.images.subarray(0, part.indices.length * imageLength), start * imageLength);
      this.pool.giveBack(made.images);
      return made.kept;
    });
    return images;
  }

  private async requestByteParts(
    epoch: number,
    all: Uint32Array,
    source: (index: number) => ImageSource,
  ): Promise<ByteImages> {
    const { imageLength } = this;
    const { batchSize } = this.options;
    const pixels = new Uint8Array(batchSize * imageLength);
    const placements = new Int32Array(3 * batchSize);
    await this.inParts(epoch, all, source, async (part, start) => {
      const made = await this.pool.requestBytes(part);
      const { length } = part.indices;
      pixels.set(made.pixels.subarray(0, length * imageLength), start * imageLength);
      placements.set(made.placements.subarray(0, 3 * length), 3 * start);
      this.pool.giveBackBytes(made.pixels);
      return made.kept;
    });
    return { pixels, placements };
  }

  /** Has images of files made in parts, and notes which are kept. */
  private async inParts(
    epoch: number,
    all: Uint32Array,
    source: (index: number) => ImageSource,
    make: (part: Omit<PartRequest, 'over'>, start: number) => Promise<MadePart['kept']>,
  ): Promise<void> {
    const starts = Array.from({ length: Math.ceil(all.length / PART) }, (_, i) => i * PART);
    const parts = starts.map(async (start) => {
      const indices = all.slice(start, start + PART);
      const own = Array.from(indices, (index) => index % this.dataset.count);
      const sources = own.map((index) => source(index));
      const kept = this.options.store && own.map((index) => this.kept.get(index));
      const added = await make({ epoch, indices, sources, kept, room: PART }, start);
      for (const [n, image] of added.entries()) if (image) this.kept.set(own[n]!, image);
    });
    await Promise.all(parts);
  }
}

/** Whether images are bytes until they are normalised, and then remain as they are. */
function endsInBytes(training: TrainingBatches | undefined): boolean {
  return !training?.mixing && !(training?.transforms?.erase ?? 0);
}
