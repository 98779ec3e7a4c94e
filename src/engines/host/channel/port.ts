/**
 * The ends of a channel. What differs between Node's worker threads and the web's workers is in node.ts and web.ts;
 * the rest of the channel knows these interfaces alone.
 */

/** How an end sends. */
export interface Sender {
  /** @throws DataCloneError when something cannot be cloned or transferred; nothing is sent then */
  post(message: unknown, transfer: ArrayBuffer[]): void;
}

/** The end inside a worker. */
export interface WorkerEnd extends Sender {
  /** Sets what takes each message. */
  onMessage(take: (message: unknown) => void): void;
}

/** The end of the thread that started a worker. */
export interface OwnerEnd extends WorkerEnd {
  /**
   * Sets what is told that the worker is gone or its answers are lost.
   *
   * @param ended takes what happened, such as `failed: out of memory` or `ended with code 1`
   */
  onEnd(ended: (what: string) => void): void;
  /** Says whether an answer is awaited: a worker that nobody waits for does not keep the process alive. */
  hold(awaited: boolean): void;
  /** Ends the worker. */
  terminate(): Promise<void>;
}
