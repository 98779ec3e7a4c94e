import type { OwnerEnd, WorkerEnd } from './port.js';

/** Part of the web's message events. */
interface MessageLike {
  readonly data: unknown;
}

/** Part of the web's error events; a script that cannot be loaded has no message. */
interface ErrorLike {
  readonly message?: string;
}

/** What the channel uses of a page's `Worker`. */
export interface WebWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', take: (event: MessageLike) => void): void;
  addEventListener(type: 'messageerror', take: () => void): void;
  addEventListener(type: 'error', take: (event: ErrorLike) => void): void;
  terminate(): void;
}

/** What the channel uses of a worker's global scope, `self`. */
export interface WebWorkerScope {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', take: (event: MessageLike) => void): void;
}

/**
 * The end of the page that made a worker.
 *
 * @param worker newly created, so that none of its messages is missed; bundlers need `new
 *   Worker(new URL('…', import.meta.url), { type: 'module' })` where it is created
 */
export function overWebWorker(worker: WebWorker): OwnerEnd {
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    onMessage: (take) => worker.addEventListener('message', ({ data }) => take(data)),
    onEnd: (ended) => {
      // A failed worker stays alive; its contents cannot be trusted.
      worker.addEventListener('error', ({ message }) => {
        worker.terminate();
        ended(`failed: ${message || 'its script cannot be loaded'}`);
      });
      worker.addEventListener('messageerror', () => ended('gave an answer that cannot be read'));
    },
    hold: () => undefined,
    terminate: async () => worker.terminate(),
  };
}

/** The end inside a worker, given its global scope. */
export function webWorkerEnd(scope: WebWorkerScope): WorkerEnd {
  return {
    post: (message, transfer) => scope.postMessage(message, transfer),
    onMessage: (take) => scope.addEventListener('message', ({ data }) => take(data)),
  };
}
