import type { DatasetPair } from '../../data/dataset.js';
import { StepRunner } from '../../train/stepRunner.js';
import { openParts } from '../openParts.js';
import type { TrainConfig } from '../trainConfig.js';

/** Steps that are timed at most, and seconds after which no further one is. */
const STEPS = 8;
const SECONDS = 4;

/**
 * Seconds of training per image, loading included: of a few real steps of a configuration, whose result is thrown away. The
 * first step, which waits for the first batch, is not counted.
 */
export async function measureTraining(config: TrainConfig, data: DatasetPair): Promise<number> {
  const { learner, train, close } = await openParts(data, { config });
  try {
    const runner = new StepRunner(learner, 1);
    await runner.prepare(0);
    let begin = 0;
    let step = 0;
    for (let epoch = 0; step <= STEPS && !(step > 1 && since(begin) > SECONDS); epoch++)
      for await (const batch of train.epoch(epoch)) {
        await runner.add(batch, { learningRate: 0, step, isLast: true });
        if (step++ === 0) begin = performance.now();
        if (step > STEPS || (step > 1 && since(begin) > SECONDS)) break;
      }
    return since(begin) / ((step - 1) * config.batchSize);
  } finally {
    await close();
  }
}

function since(begin: number): number {
  return (performance.now() - begin) / 1000;
}
