import type { EngineOptions } from '../engines/engine.js';
import { decidedThreads } from './threads/decidedThreads.js';
import type { TrainConfig } from './trainConfig.js';

/**
 * Threads and precision as an engine takes them.
 *
 * @throws UserError when `BIASLOSS_THREADS`, which stands for a number that isn't configured, is no number
 */
export function engineOptionsOf({
  threads,
  precision,
}: Pick<TrainConfig, 'threads' | 'precision'>): EngineOptions {
  const own = decidedThreads(threads);
  return { ...(own !== undefined && { threads: own }), precision };
}
