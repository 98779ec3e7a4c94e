import { availableParallelism } from 'node:os';
import type { Dataset } from './dataset.js';
import { findTurboJpeg } from './images/jpeg/library.js';

/**
 * Threads for a loader's workers: sharp decodes in Node's thread pool beside its worker, TurboJPEG on the worker's own thread, so
 * that a worker keeps two processors busy only as two threads, where there are as many.
 *
 * @throws UserError when `BIASLOSS_TURBOJPEG` names a file that cannot be used
 */
export function loaderThreads({ kind }: Pick<Dataset, 'kind'>, workers: number): number {
  if (kind === 'pixels' || 'reason' in findTurboJpeg()) return workers;
  return Math.max(workers, Math.min(2 * workers, availableParallelism()));
}
