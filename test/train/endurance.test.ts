import assert from 'node:assert/strict';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { syntheticDataset } from '../../src/data/synthetic.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import type { TrainConfig } from '../../src/runs/trainConfig.js';
import { prepareTraining } from '../../src/runs/trainingRun.js';
import { onednnMissing } from '../support/onednn.js';
import { withFolder, withTrainer } from './fixtures/tiny.js';

const missing = await onednnMissing();

/** Greatest delays of a thread's event loop, in ms: of one that trains, and of one that does nothing at the same time. */
interface Delays {
  readonly training: number;
  readonly idle: number;
}

/** A thread that does nothing but measure its own delay: what it sees is the machine's doing. */
const IDLE_THREAD = `
  const { monitorEventLoopDelay } = require('node:perf_hooks');
  const { parentPort } = require('node:worker_threads');
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  parentPort.on('message', () => parentPort.postMessage(delay.max / 1e6));
  parentPort.postMessage('ready');
`;

/** Delays in training resnet18, with a checkpoint after every step. */
function greatestDelays(): Promise<Delays> {
  return withFolder(async (folder) => {
    const settings = { model: 'resnet18', data: 'synthetic', engine: 'onnx' } as const;
    const config: TrainConfig = {
      ...TRAIN_DEFAULTS,
      ...settings,
      epochs: 1,
      batchSize: 8,
      checkpointSeconds: 0,
    };
    const run = await prepareTraining({ config, data: syntheticDataset({ train: 48, test: 16 }), folder });
    const idle = new Worker(IDLE_THREAD, { eval: true });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    try {
      await once(idle, 'message');
      delay.enable();
      await run.trainer.run();
      delay.disable();
      idle.postMessage('');
      const [machine] = (await once(idle, 'message')) as [number];
      return { training: delay.max / 1e6, idle: machine };
    } finally {
      await Promise.all([run.close(), idle.terminate()]);
    }
  });
}

describe('endurance', () => {
  it('training never holds the event loop for 50 ms', async () => {
    // On a busy machine a thread waits for a processor: what an idle one waits is the machine's share.
    const seen: string[] = [];
    while (seen.length < 3) {
      const { training, idle } = await greatestDelays();
      if (training - idle < 50) return;
      seen.push(`${training.toFixed(0)} ms (an idle thread: ${idle.toFixed(0)})`);
    }
    assert.fail(`held for ${seen.join(', ')}`);
  });

  for (const engine of ['onnx', 'onednn'] as const) {
    const skip = engine === 'onednn' && missing;
    it(`a thousand steps on ${engine} do not make the process grow`, { skip }, () =>
      withTrainer({ epochs: 60, trainImages: 160, engine }, async ({ trainer, events }) => {
        const sizes: number[] = [];
        trainer.listen((event) => {
          // Events are kept for other tests, and would themselves be growth.
          events.length = 0;
          if (event.event === 'epoch') sizes.push(process.memoryUsage.rss() / 2 ** 20);
        });
        await trainer.run();
        assert.equal(sizes.length, 60);
        const median = (part: number[]): number => part.sort((a, b) => a - b)[Math.floor(part.length / 2)]!;
        const growth = median(sizes.slice(50)) - median(sizes.slice(10, 20));
        assert.ok(growth < 16, `${growth.toFixed(1)} MiB more after 1000 steps`);
      }),
    );
  }
});
