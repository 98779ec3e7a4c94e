/**
 * The ends of a channel. The differences between Node's worker threads and web workers are in node.ts and web.ts;
 * the rest of the channel only knows these interfaces.
 */

/** The sending side of an end. */
export interface Sender {
  /** @throws DataCloneError when something cannot be cloned or transferred; nothing is sent then */
  post(message: unknown, transfer: ArrayBuffer[]): void;
}

/** The end inside a worker. */
export interface WorkerEnd extends Sender {
  /** Sets the receiver of messages. */
  onMessage(take: (message: unknown) => void): void;
}

/** The end of the thread that started a worker. */
export interface OwnerEnd extends WorkerEnd {
  /**
   * Sets the callback for a worker that is gone or whose answers are lost.
   *
   * @param ended gets what happened, such as `failed: out of memory` or `ended with code 1`
   */
  onEnd(ended: (what: string) => void): void;
  /** Sets whether an answer is awaited: otherwise the worker does not keep the process alive. */
  hold(awaited: boolean): void;
  /** Ends the worker. */
  terminate(): Promise<void>;
}
