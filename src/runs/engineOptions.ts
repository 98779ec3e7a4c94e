import type { EngineOptions } from '../engines/engine.js';
import { configuredThreads } from './threads/configuredThreads.js';
import type { TrainConfig } from './trainConfig.js';

/** Threads and precision as an engine takes them. */
export function engineOptionsOf({
  threads,
  precision,
}: Pick<TrainConfig, 'threads' | 'precision'>): EngineOptions {
  const own = configuredThreads(threads);
  return { ...(own !== undefined && { threads: own }), precision };
}
