import { Worker } from 'node:worker_threads';
import { errorMessage } from '../../errors.js';
import { type CallName, type Calls, post, type Request, type Response, unpackError } from './protocol.js';

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Remote calls to an engine's worker. The worker holds the process open only while a call is awaited,
 * so that a program which forgets to close its engine still ends.
 */
export class WorkerCalls {
  private readonly worker = new Worker(new URL('./engine.worker.js', import.meta.url), { execArgv: [] });
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private stopped: Error | undefined;

  /** @param name the engine's name, for messages */
  constructor(private readonly name: string) {
    this.worker.unref();
    this.worker.on('message', (response: Response) => this.settle(response));
    this.worker.on('error', (error) =>
      this.stop(`the worker of the ${name} engine failed: ${errorMessage(error)}`),
    );
    this.worker.on('messageerror', (error) =>
      this.stop(`the ${name} engine's answer is unreadable: ${error}`),
    );
    this.worker.on('exit', (code) => this.stop(`the worker of the ${name} engine ended with code ${code}`));
  }

  /** Sends a request; the result is the worker's answer. */
  call<C extends CallName>(
    call: C,
    args: Calls[C]['args'],
    transfer: ArrayBuffer[] = [],
  ): Promise<Calls[C]['result']> {
    if (this.stopped) return Promise.reject(this.stopped);
    return new Promise<Calls[C]['result']>((resolve, reject) => {
      const id = this.nextId++;
      post(this.worker, { id, call, args } as Request<C>, transfer);
      this.pending.set(id, { resolve: (result) => resolve(result as Calls[C]['result']), reject });
      this.worker.ref();
    });
  }

  /** Rejects what is in progress, lets the backend free what it holds, and ends the worker. */
  async close(): Promise<void> {
    if (this.stopped) {
      await this.worker.terminate();
      return;
    }
    const inProgress = [...this.pending.values()];
    this.pending.clear();
    const freed = this.call('close', undefined);
    this.stopped = new Error(`the ${this.name} engine is closed`);
    for (const { reject } of inProgress) reject(this.stopped);
    try {
      await freed;
    } finally {
      await this.worker.terminate();
    }
  }

  private settle(response: Response): void {
    const call = this.pending.get(response.id);
    this.pending.delete(response.id);
    // While it is being closed, the worker keeps the process open until it is gone.
    if (!this.stopped && this.pending.size === 0) this.worker.unref();
    if (!call) return;
    if ('error' in response) call.reject(unpackError(response.error));
    else call.resolve(response.result);
  }

  /** The worker is gone: every call, present and later, is rejected. */
  private stop(message: string): void {
    this.stopped ??= new Error(message);
    for (const { reject } of this.pending.values()) reject(this.stopped);
    this.pending.clear();
  }
}
