import type { DatasetPair } from '../../data/dataset.js';
import { median } from '../../median.js';
import { StepRunner } from '../../train/stepRunner.js';
import { openParts } from '../openParts.js';
import type { TrainConfig } from '../trainConfig.js';

/** Steps that are timed at most and at least, and seconds after which no further one is. */
const STEPS = 8;
const LEAST_STEPS = 3;
const SECONDS = 4;

/**
 * Seconds of training per image, loading included: the median of a few real steps of a configuration, whose result is thrown away.
 * The first step, which waits for the first batch, is not counted.
 */
export async function measureTraining(config: TrainConfig, data: DatasetPair): Promise<number> {
  const { learner, train, close } = await openParts(data, { config });
  try {
    const runner = new StepRunner(learner, 1);
    await runner.prepare(0);
    const times: number[] = [];
    const isEnough = (): boolean => {
      const timed = times.slice(1);
      const seconds = timed.reduce((sum, time) => sum + time, 0);
      return timed.length >= STEPS || (timed.length >= LEAST_STEPS && seconds > SECONDS);
    };
    let before = performance.now();
    for (let epoch = 0; !isEnough(); epoch++)
      for await (const batch of train.epoch(epoch)) {
        await runner.add(batch, { learningRate: 0, step: times.length, isLast: true });
        const now = performance.now();
        times.push((now - before) / 1000);
        before = now;
        if (isEnough()) break;
      }
    return median(times.slice(1)) / config.batchSize;
  } finally {
    await close();
  }
}
