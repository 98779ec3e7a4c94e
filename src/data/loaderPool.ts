import { startThread } from '../engines/host/channel/node.js';
import { RemoteCalls } from '../engines/host/channel/remoteCalls.js';
import { siblingModule } from '../engines/host/channel/siblingModule.js';
import type {
  LoaderCalls,
  LoaderSettings,
  MadeBytes,
  MadePart,
  MixRequest,
  PartRequest,
} from './loaderCalls.js';

const NAMES = { owner: 'the loader', worker: "the loader's worker" };

/** The worker threads of a loader. */
export class LoaderPool {
  private next = 0;
  private readonly spares: Float32Array<ArrayBuffer>[] = [];
  private readonly spareBytes: Uint8Array<ArrayBuffer>[] = [];
  private readonly workers: readonly RemoteCalls<LoaderCalls>[];

  constructor(count: number, settings: LoaderSettings) {
    this.workers = Array.from({ length: count }, () => {
      const worker = new RemoteCalls<LoaderCalls>(
        startThread(siblingModule('./loader.worker.js', import.meta.url)),
        NAMES,
      );
      // A worker that cannot start rejects later requests.
      worker.call('start', settings).catch(() => undefined);
      return worker;
    });
  }

  /** Images of a part; the workers take requests in turn. */
  request(part: Omit<PartRequest, 'over'>): Promise<MadePart> {
    const over = this.spares.pop();
    return this.nextWorker().call('make', { ...part, over }, over && [over.buffer]);
  }

  /** As {@link request}, as bytes. */
  requestBytes(part: Omit<PartRequest, 'over'>): Promise<MadeBytes> {
    const over = this.spareBytes.pop();
    return this.nextWorker().call('makeBytes', { ...part, over }, over && [over.buffer]);
  }

  /** Mixes the images of a batch; their array is transferred. */
  mix(batch: MixRequest): Promise<Float32Array<ArrayBuffer>> {
    return this.nextWorker().call('mix', batch, [batch.images.buffer]);
  }

  /** Gives an answer's array back for reuse by a later request. */
  giveBack(spare: Float32Array<ArrayBuffer>): void {
    this.spares.push(spare);
  }

  /** As {@link giveBack}, of bytes. */
  giveBackBytes(spare: Uint8Array<ArrayBuffer>): void {
    this.spareBytes.push(spare);
  }

  private nextWorker(): RemoteCalls<LoaderCalls> {
    return this.workers[this.next++ % this.workers.length]!;
  }

  /** Stops the threads; pending requests are rejected. */
  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.close()));
  }
}
