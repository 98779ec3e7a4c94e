import { freeArrays } from '../../src/engines/host/freeArrays.js';
import type { Batch, ImageDataset } from '../../src/index.js';

/** Images a second. */
export interface Rate {
  readonly perSecond: number;
  /** Share of the time in which the engine waited for a batch. */
  readonly waited: number;
  /** Processor time of the process for an image, all threads, in ms. */
  readonly processorMs: number;
}

/** A set of few files several times over, so that an epoch has many batches. */
export function repeatedTo(images: ImageDataset, least: number): ImageDataset {
  if (images.count >= least) return images;
  const { count, labels, source } = images;
  return {
    ...images,
    count: least,
    labels: Int32Array.from({ length: least }, (_, i) => labels[i % count]!),
    source: (i) => source(i % count),
  };
}

/**
 * Images a second of batches, and of what is done with each, after a first batch that is not counted.
 *
 * @param use takes a batch's images over. Default: they are freed, as engines free them.
 */
export async function rateOf(
  batches: { epoch(epoch: number): AsyncIterable<Batch>; readonly waitedMs: number },
  seconds: number,
  use?: (batch: Batch) => Promise<void>,
): Promise<Rate> {
  let images = 0;
  let start: { readonly time: number; readonly waited: number; readonly used: number } | undefined;
  for (let epoch = 0; ; epoch++)
    for await (const batch of batches.epoch(epoch)) {
      const { count } = batch;
      if (use) await use(batch);
      else freeArrays([batch.images]);
      const time = performance.now();
      if (!start) {
        start = { time, waited: batches.waitedMs, used: processorMs() };
        continue;
      }
      images += count;
      const passed = time - start.time;
      if (passed < 1000 * seconds) continue;
      return {
        perSecond: (1000 * images) / passed,
        waited: (batches.waitedMs - start.waited) / passed,
        processorMs: (processorMs() - start.used) / images,
      };
    }
}

/** Processor time of this process so far, all threads, in ms. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
