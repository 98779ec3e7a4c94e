import { Worker } from 'node:worker_threads';
import { UserError } from '../errors.js';
import { permutation } from '../random.js';
import type { Dataset } from './dataset.js';
import type { BatchReply, BatchRequest, LoaderWorkerData } from './loaderProtocol.js';
import { CIFAR_AUGMENTATION, type PixelAugmentation } from './pixelTransforms.js';

/** Pictures and labels of a step. */
export interface Batch {
  /** [N, 3, S, S], normalised; zeros beyond `count`. */
  readonly images: Float32Array;
  /** [N]; zeros beyond `count`. */
  readonly labels: Int32Array;
  /** How many of the N are real: less than N in the last batch of an evaluation alone. */
  readonly count: number;
}

/** Options of a loader. */
export interface LoaderOptions {
  readonly batchSize: number;
  /** Height and width of the pictures that the model takes; must be the set's own for pictures in memory. */
  readonly imageSize: number;
  /** For training: shuffled, augmented, without a last partial batch. Otherwise in order, all of them. */
  readonly training?:
    | {
        readonly seed: number;
        readonly augmentation?: PixelAugmentation | undefined;
        readonly colourJitter?: number | undefined;
      }
    | undefined;
  /** Worker threads. Default 1; batches are the same with any number. */
  readonly workers?: number | undefined;
  /** Batches made ahead. Default 3. */
  readonly prefetch?: number | undefined;
}

interface Pending {
  readonly resolve: (batch: Batch) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Makes batches in worker threads, ahead of their use. Order, crop and flip depend on (seed, epoch,
 * index) alone, so that an epoch can be resumed at any step and the number of workers does not matter.
 */
export class Loader {
  /** Batches of an epoch. */
  readonly stepsPerEpoch: number;
  private waited = 0;
  private nextId = 0;
  private readonly pending = new Map<number, Pending>();
  private readonly workers: Worker[];

  /**
   * @throws UserError when the batch is larger than the training set, or pictures are of another size
   */
  constructor(
    private readonly dataset: Dataset,
    private readonly options: LoaderOptions,
  ) {
    const { batchSize, imageSize, training } = options;
    if (dataset.count === 0) throw new UserError(`${dataset.name} has no pictures`);
    if (training && batchSize > dataset.count) {
      throw new UserError(
        `a batch of ${batchSize} is larger than ${dataset.name} with its ${dataset.count} pictures`,
      );
    }
    if (dataset.kind === 'pixels' && dataset.imageSize !== imageSize) {
      throw new UserError(
        `${dataset.name} has pictures of ${dataset.imageSize} pixels, but the model takes ${imageSize}`,
      );
    }
    this.stepsPerEpoch = training
      ? Math.floor(dataset.count / batchSize)
      : Math.ceil(dataset.count / batchSize);
    this.workers = Array.from({ length: options.workers ?? 1 }, () => this.startWorker());
  }

  /** Milliseconds that the consumer has waited for batches in all. */
  get waitedMs(): number {
    return this.waited;
  }

  /**
   * The batches of an epoch, from step `start` on.
   *
   * @throws UserError for a picture that cannot be read, naming its path
   */
  async *epoch(epoch: number, start = 0): AsyncGenerator<Batch> {
    const order = this.orderOf(epoch);
    const queue: Promise<Batch>[] = [];
    let next = start;
    const request = (): void => {
      if (next < this.stepsPerEpoch) queue.push(this.request(epoch, order, next++));
    };
    for (let i = 0; i < (this.options.prefetch ?? 3); i++) request();
    try {
      for (let batch = queue.shift(); batch; batch = queue.shift()) {
        const begin = performance.now();
        const ready = await batch;
        this.waited += performance.now() - begin;
        request();
        yield ready;
      }
    } finally {
      // Batches that nobody will take must not become unhandled rejections.
      for (const batch of queue) batch.catch(() => undefined);
    }
  }

  /** Stops the workers. */
  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
    this.rejectAll(new Error('the loader is closed'));
  }

  private orderOf(epoch: number): Uint32Array {
    const { count } = this.dataset;
    const { training } = this.options;
    return training
      ? permutation(training.seed, epoch, count)
      : Uint32Array.from({ length: count }, (_, i) => i);
  }

  private request(epoch: number, order: Uint32Array, step: number): Promise<Batch> {
    const { batchSize } = this.options;
    const id = this.nextId++;
    const message: BatchRequest = {
      id,
      epoch,
      indices: order.slice(step * batchSize, (step + 1) * batchSize),
    };
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      const worker = this.workers[id % this.workers.length]!;
      worker.ref();
      worker.postMessage(message);
    });
  }

  private startWorker(): Worker {
    const { batchSize, imageSize, training } = this.options;
    const augmentation = training && {
      seed: training.seed,
      pixels: training.augmentation ?? CIFAR_AUGMENTATION,
      colourJitter: training.colourJitter ?? 0,
    };
    const workerData: LoaderWorkerData = {
      dataset: this.dataset,
      batchSize,
      imageSize,
      ...(augmentation && { augmentation }),
    };
    const worker = new Worker(new URL('./loader.worker.js', import.meta.url), { workerData });
    worker.on('message', (reply: BatchReply) => this.settle(reply));
    worker.on('error', (error) => this.rejectAll(error));
    worker.unref();
    return worker;
  }

  private settle(reply: BatchReply): void {
    const pending = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    // An idle loader does not keep the process alive.
    if (this.pending.size === 0) for (const worker of this.workers) worker.unref();
    if (!pending) return;
    if ('error' in reply)
      pending.reject(reply.isUserError ? new UserError(reply.error) : new Error(reply.error));
    else pending.resolve(reply);
  }

  private rejectAll(error: Error): void {
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}
