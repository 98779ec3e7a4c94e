import { availableParallelism } from 'node:os';
import type { DatasetPair } from '../data/dataset.js';
import { launchedRanks } from '../distributed/launcher.js';
import { measureTraining } from './auto/measureTraining.js';
import { MEASURED } from './measuredThreads.js';
import { checkRankThreads } from './rankShare.js';
import { noticeEvent, type RunListener } from './runEvents.js';
import type { TrainConfig } from './trainConfig.js';

/** Fewer threads are taken if they are faster by this share: they leave processors to others, but a measurement varies. */
const WORTHWHILE = 1.03;
/** Slower numbers of threads in a row after which no smaller one is tried. */
const MOST_SLOWER = 2;

/**
 * A configuration with a number of threads: where it has {@link MEASURED}, a few real steps are timed, whose results are thrown
 * away, on all processors, on all but one, on half, on a quarter … The number is kept with the run, as results depend on it:
 * a resumed run has the same one.
 *
 * @throws SettingError with several ranks, which share the processors
 */
export async function withThreads(
  config: TrainConfig,
  data: DatasetPair,
  onEvent?: RunListener,
): Promise<TrainConfig> {
  if (config.threads !== MEASURED) return config;
  checkRankThreads(config, launchedRanks());
  const rates: (readonly [threads: number, imagesPerSecond: number])[] = [];
  const threads = await fastest(threadCounts(availableParallelism()), async (count) => {
    // What the weights are does not matter here.
    const timed = { ...config, threads: count, pretrained: null };
    const rate = 1 / (await measureTraining(timed, data));
    rates.push([count, rate]);
    return rate;
  });
  const list = rates.map(([count, rate]) => `${count}: ${rate.toPrecision(3)}`).join(', ');
  onEvent?.(
    noticeEvent(
      'settings',
      () => `threads: ${threads}, the fastest of those that were measured (images/s on ${list})`,
    ),
  );
  return { ...config, threads };
}

/** Numbers of threads worth trying on a machine, the largest first. */
export function threadCounts(processors: number): number[] {
  const halves: number[] = [];
  for (let count = processors; count >= 1; count = Math.floor(count / 2)) halves.push(count);
  const counts = processors > 2 ? [...halves, processors - 1] : halves;
  return [...new Set(counts)].sort((a, b) => b - a);
}

/**
 * The fastest of some numbers of threads, which are tried in order until two in a row are slower than the best.
 *
 * @param measure images per second on so many threads
 */
export async function fastest(
  counts: readonly number[],
  measure: (count: number) => Promise<number>,
): Promise<number> {
  let best = counts[0]!;
  let bestRate = 0;
  let slower = 0;
  for (const count of counts) {
    const rate = await measure(count);
    if (rate > bestRate * WORTHWHILE) [best, bestRate, slower] = [count, rate, 0];
    else if (++slower === MOST_SLOWER) break;
  }
  return best;
}
