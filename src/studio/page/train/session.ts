import { RemoteCalls } from '../../../engines/host/channel/remoteCalls.js';
import { overWebWorker } from '../../../engines/host/channel/web.js';
import type { TrainerOutcome } from '../../../train/trainer.js';
import { runtimeFiles } from '../try/runtime.js';
import type { TrainingNews } from './news.js';
import type { TrainingCalls, TrainingRequest } from './trainingCalls.js';

/** A training that runs in a worker of its own. */
export class TrainingSession {
  private readonly calls: RemoteCalls<TrainingCalls>;

  constructor() {
    const worker = new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' });
    this.calls = new RemoteCalls(overWebWorker(worker), {
      owner: 'the training',
      worker: 'the worker of the training',
    });
  }

  /**
   * Runs to the end, or until {@link stop}; then the worker ends.
   *
   * @param onNews is given what happened meanwhile, in order
   */
  async run(
    request: Omit<TrainingRequest, 'runtime'>,
    onNews: (news: readonly TrainingNews[]) => void,
  ): Promise<TrainerOutcome> {
    try {
      const outcome = this.calls.call('run', {
        ...request,
        runtime: runtimeFiles(request.job.plan.provider),
      });
      const isOver = outcome.then(
        () => true,
        () => true,
      );
      for (let isRunning = true; isRunning; ) {
        const news = await this.calls.call('news', undefined);
        onNews(news);
        // An empty list says that there will be no more.
        isRunning = news.length > 0 || !(await isOver);
      }
      return await outcome;
    } finally {
      await this.calls.close();
    }
  }

  /** Ends the training after the current step, with a checkpoint. */
  async stop(): Promise<void> {
    await this.calls.call('stop', undefined);
  }
}
