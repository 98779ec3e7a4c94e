import type { ArgsOf, CallName, Calls, Report, Request, Response, ResultOf } from './calls.js';
import { unpackError } from './carriedError.js';
import type { OwnerEnd } from './port.js';
import { post } from './transfer.js';

interface Pending {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Names for messages. */
export interface ChannelNames {
  /** What is closed, such as `the onnx engine`. */
  readonly owner: string;
  /** What computes, such as `the worker of the onnx engine`. */
  readonly worker: string;
}

/**
 * Calls to a worker. The worker keeps the process alive only while a call is awaited, so that a program that
 * forgets to close it still ends.
 *
 * @typeParam R what the worker says on its own account
 */
export class RemoteCalls<C extends Calls<C>, R = never> {
  private readonly pending = new Map<number, Pending>();
  private nextId = 0;
  private stopped: Error | undefined;

  /** @param onReport called with what the worker says on its own account, until it is closed */
  constructor(
    private readonly end: OwnerEnd,
    private readonly names: ChannelNames,
    onReport?: (report: R) => void,
  ) {
    end.hold(false);
    end.onMessage((message) => {
      const said = message as Response | Report;
      if (!('report' in said)) this.settle(said);
      else if (!this.stopped) onReport?.(said.report as R);
    });
    end.onEnd((what) => this.stop(new Error(`${names.worker} ${what}`)));
  }

  /** Whether the worker is gone or closed. */
  get isStopped(): boolean {
    return this.stopped !== undefined;
  }

  /**
   * Calls the worker.
   *
   * @param transfer buffers in `args` that are transferred instead of copied
   * @returns the worker's answer
   * @throws what the worker's side threw; Error when the worker is gone or closed
   */
  call<N extends CallName<C>>(
    call: N,
    args: ArgsOf<C, N>,
    transfer: Iterable<ArrayBuffer> = [],
  ): Promise<ResultOf<C, N>> {
    if (this.stopped) return Promise.reject(this.stopped);
    return new Promise<ResultOf<C, N>>((resolve, reject) => {
      const id = this.nextId++;
      post(this.end, { id, call, args } satisfies Request, [...transfer]);
      this.pending.set(id, { resolve: (result) => resolve(result as ResultOf<C, N>), reject });
      this.end.hold(true);
    });
  }

  /**
   * Rejects pending and later calls, and ends the worker.
   *
   * @param last a call that frees the worker's resources; it is awaited first
   */
  async close(last?: CallName<C>): Promise<void> {
    if (this.stopped) {
      await this.end.terminate();
      return;
    }
    const inProgress = [...this.pending.values()];
    this.pending.clear();
    const freed = last && this.call(last, undefined as ArgsOf<C, typeof last>);
    this.stop(new Error(`${this.names.owner} is closed`), inProgress);
    try {
      await freed;
    } finally {
      await this.end.terminate();
    }
  }

  private settle(response: Response): void {
    const call = this.pending.get(response.id);
    this.pending.delete(response.id);
    // While it is being closed, the worker keeps the process alive until it is gone.
    if (!this.stopped && this.pending.size === 0) this.end.hold(false);
    if (!call) return;
    if ('error' in response) call.reject(unpackError(response.error));
    else call.resolve(response.result);
  }

  /** Rejects calls, by default all that are pending, and every later one. */
  private stop(error: Error, calls?: readonly Pending[]): void {
    this.stopped ??= error;
    for (const { reject } of calls ?? this.pending.values()) reject(this.stopped);
    if (!calls) this.pending.clear();
  }
}
