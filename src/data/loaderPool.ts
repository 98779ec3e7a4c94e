import { Worker } from 'node:worker_threads';
import { UserError } from '../errors.js';
import type { LoaderWorkerData, PartReply, PartRequest, SpareArray } from './loaderProtocol.js';

interface Pending {
  readonly resolve: (images: Float32Array<ArrayBuffer>) => void;
  readonly reject: (error: Error) => void;
}

/** The worker threads of a loader. */
export class LoaderPool {
  private nextId = 0;
  private nextSpare = 0;
  /** Why nothing more can be made: the pool is closed, or a thread has ended with an error. */
  private ended: Error | undefined;
  private readonly pending = new Map<number, Pending>();
  private readonly workers: readonly Worker[];

  constructor(count: number, workerData: LoaderWorkerData) {
    this.workers = Array.from({ length: count }, () => this.start(workerData));
  }

  /** Images of a part; the workers take requests in turn. */
  request(part: Omit<PartRequest, 'id'>): Promise<Float32Array<ArrayBuffer>> {
    if (this.ended) return Promise.reject(this.ended);
    const id = this.nextId++;
    const worker = this.workers[id % this.workers.length]!;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ ...part, id } satisfies PartRequest);
    });
  }

  /** Gives an answer's array back to the workers, which fill it again: fresh memory costs more than filling it. */
  giveBack(spare: Float32Array<ArrayBuffer>): void {
    if (this.ended) return;
    const worker = this.workers[this.nextSpare++ % this.workers.length]!;
    worker.postMessage({ spare } satisfies SpareArray, [spare.buffer]);
  }

  /** Stops the threads; what was asked for and is not made is refused. */
  async close(): Promise<void> {
    this.end(new Error('the loader is closed'));
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private start(workerData: LoaderWorkerData): Worker {
    const worker = new Worker(new URL('./loader.worker.js', import.meta.url), { workerData });
    worker.on('message', (reply: PartReply) => this.settle(reply));
    worker.on('error', (error) => this.end(error));
    worker.unref();
    return worker;
  }

  private settle(reply: PartReply): void {
    const pending = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    // An idle loader does not keep the process alive; one that is being closed does, until its threads are gone.
    if (!this.ended && this.pending.size === 0) for (const worker of this.workers) worker.unref();
    if ('images' in reply) pending?.resolve(reply.images);
    else pending?.reject(reply.isUserError ? new UserError(reply.error) : new Error(reply.error));
  }

  private end(error: Error): void {
    this.ended ??= error;
    for (const { reject } of this.pending.values()) reject(error);
    this.pending.clear();
  }
}
