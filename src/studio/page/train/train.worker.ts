/**
 * Trains in a worker: batches, steps, evaluation and checkpoints go on whether the page is shown or not. The engine computes in
 * a worker of this one.
 */
import { serveCalls } from '../../../engines/host/channel/callServer.js';
import { type WebWorkerScope, webWorkerEnd } from '../../../engines/host/channel/web.js';
import { createWebEngine } from '../../../engines/onnx/web/createWebEngine.js';
import type { TrainerEvent } from '../../../train/events.js';
import type { TrainerOutcome } from '../../../train/trainer.js';
import { KeptCheckpoints, withoutStorage } from './keptCheckpoints.js';
import { type EpochFigures, NewsQueue } from './news.js';
import type { TrainingJob } from './plan.js';
import { prepareJob } from './runJob.js';
import { storeJob } from './store.js';
import type { TrainingCalls, TrainingRequest } from './trainingCalls.js';

declare const self: WebWorkerScope;

const news = new NewsQueue();
let stop = (): void => undefined;
/** `stop` may come before there is anything to stop. */
let isStopped = false;

async function run({ job, runtime, from }: TrainingRequest): Promise<TrainerOutcome> {
  const isKept = from !== undefined || (await keep(job));
  const epochs: EpochFigures[] = [...(from?.epochs ?? [])];
  const listener = (event: TrainerEvent): void => {
    if (event.event === 'epoch') epochs.push(figuresOf(event));
    if (event.event !== 'batch') news.push({ kind: 'event', event });
  };
  const engine = await createWebEngine({ provider: job.plan.provider, wasmPaths: runtime });
  const checkpoints = new KeptCheckpoints(job.id, news, epochs, isKept);
  try {
    const trainer = await prepareJob(job, { engine, checkpoints, listener, from: from?.bytes });
    stop = () => trainer.stop();
    if (isStopped) stop();
    return await trainer.run();
  } finally {
    // With the engine everything in it is gone.
    await engine.close();
  }
}

/** Keeps a new training in the browser. @returns whether it could */
async function keep(job: TrainingJob): Promise<boolean> {
  try {
    await storeJob(job);
    return true;
  } catch (error) {
    news.push({ kind: 'notice', text: withoutStorage(error) });
    return false;
  }
}

function figuresOf(result: EpochFigures): EpochFigures {
  const { epoch, trainLoss, train, test, imagesPerSecond, seconds } = result;
  return { epoch, trainLoss, train, test, imagesPerSecond, seconds };
}

serveCalls<TrainingCalls>(
  webWorkerEnd(self),
  {
    run: async (request) => {
      try {
        return await run(request);
      } finally {
        news.close();
      }
    },
    news: () => news.take(),
    stop: () => {
      isStopped = true;
      stop();
    },
  },
  (_, running) => running.length < 3,
);
