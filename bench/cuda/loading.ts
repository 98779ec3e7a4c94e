import { type PixelDataset, sharedBytes } from '../../src/data/dataset.js';
import { Loader } from '../../src/data/loader.js';
import type { Engine } from '../../src/engines/engine.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { sgd } from '../../src/optim/sgd.js';
import { Learner } from '../../src/train/learner.js';
import { StepRunner } from '../../src/train/stepRunner.js';
import { processorMs, type Rate } from '../loader/rate.js';
import type { CudaWorkload } from './workload.js';

/** Steps before anything is timed. */
const WARM_UP = 5;
/** Batches of an epoch, fewer where their images would take more memory than this. */
const BATCHES = 50;
const MOST_BYTES = 2 ** 28;
/** Threads of the loader. */
const WORKERS = 2;

/**
 * Images a second of a training as the trainer does it: batches from memory, cropped, mirrored and normalised, going up, and their
 * results coming back while the next step computes.
 *
 * @param seconds how long it is timed
 */
export async function measureLoading(
  start: () => Promise<Engine>,
  { model, batch: batchSize }: CudaWorkload,
  seconds: number,
): Promise<Rate> {
  const { imageSize } = model.config;
  const engine = await start();
  const batches = Math.min(BATCHES, Math.max(2, Math.floor(MOST_BYTES / (batchSize * 3 * imageSize ** 2))));
  const data = patterns(imageSize, batches * batchSize, model.config.classes);
  const loader = new Loader(data, { batchSize, imageSize, workers: WORKERS, training: { seed: 0 } });
  try {
    const optimizer = sgd({ momentum: 0.9, weightDecay: 1e-4 });
    const learner = await Learner.create({ engine, model, loss: biasLoss(), optimizer, batchSize });
    const rate = await rateOfSteps(new StepRunner(learner, 1), loader, seconds);
    await learner.close();
    return rate;
  } finally {
    await loader.close();
    await engine.close();
  }
}

async function rateOfSteps(steps: StepRunner, loader: Loader, seconds: number): Promise<Rate> {
  let step = 0;
  let start = { time: 0, waited: 0, used: 0, images: 0 };
  let images = 0;
  let before: Promise<unknown> = Promise.resolve();
  for (let epoch = 0; ; epoch++)
    for await (const { item, next } of steps.batchesOf(loader, epoch, 0)) {
      const { totals } = await steps.start(item, { learningRate: 0.01, step, isLast: false, next });
      await (steps.runsAhead ? before : totals);
      before = totals;
      images += item.count;
      const time = performance.now();
      if (++step === WARM_UP) start = { time, waited: loader.waitedMs, used: processorMs(), images };
      const passed = time - start.time;
      if (step <= WARM_UP || passed < 1000 * seconds) continue;
      const timed = images - start.images;
      return {
        perSecond: (1000 * timed) / passed,
        waited: (loader.waitedMs - start.waited) / passed,
        processorMs: (processorMs() - start.used) / timed,
      };
    }
}

/** Images of a size in memory. */
function patterns(imageSize: number, count: number, classCount: number): PixelDataset {
  const pixels = sharedBytes(count * 3 * imageSize ** 2);
  for (let i = 0; i < pixels.length; i++) pixels[i] = Math.imul(i, 2_654_435_761) >>> 24;
  return {
    kind: 'pixels',
    name: 'patterns',
    classes: Array.from({ length: classCount }, (_, label) => `class ${label}`),
    labels: Int32Array.from({ length: count }, (_, i) => (i * 7) % classCount),
    normalisation: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    ...{ count, imageSize, pixels },
  };
}
