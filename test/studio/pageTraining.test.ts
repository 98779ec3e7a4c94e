/** What the page's training worker runs, in Node: the same program, on the same engine interface. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { syntheticDataset } from '../../src/data/synthetic.js';
import { createEngine } from '../../src/engines/createEngine.js';
import { NewsQueue, type TrainingNews } from '../../src/studio/page/train/news.js';
import { FIRST_PLAN, type TrainingJob } from '../../src/studio/page/train/plan.js';
import { prepareJob } from '../../src/studio/page/train/runJob.js';
import { startedTraining, withNews } from '../../src/studio/page/train/trainingState.js';
import type { CheckpointInfo } from '../../src/train/checkpointInfo.js';
import type { CheckpointKind, Checkpoints } from '../../src/train/checkpoints.js';
import type { TrainerEvent } from '../../src/train/events.js';
import type { Learner } from '../../src/train/learner.js';
import { checkpointBytes, learnerState, parseCheckpoint } from '../../src/train/learnerState.js';

const IMAGE_SIZE = 32;

function jobOf(epochs: number): TrainingJob {
  const sets = syntheticDataset({ train: 48, test: 16, seed: 3 });
  const { mean, std } = sets.train.normalisation;
  return {
    id: 'one',
    plan: { ...FIRST_PLAN, model: 'shufflenet_v2_x0_5', imageSize: IMAGE_SIZE, epochs },
    data: {
      sets,
      preprocessing: { mean, std, imageSize: 32, resizeSize: 32, interpolation: 'bilinear', exif: 'apply' },
    },
  };
}

/** Checkpoints in memory. */
class MemoryCheckpoints implements Checkpoints {
  readonly isDue = false;
  readonly kept = new Map<CheckpointKind, Uint8Array>();

  kindsAfter(): CheckpointKind[] {
    return ['best', 'last'];
  }

  async save(kind: CheckpointKind, learner: Learner, info: CheckpointInfo): Promise<string> {
    this.kept.set(kind, Buffer.concat(checkpointBytes(await learnerState(learner), info)));
    return kind;
  }
}

/** Runs a job; stops it after so many steps if asked to. Returns its last checkpoint and its events. */
async function run(
  job: TrainingJob,
  { from, stopAfter }: { readonly from?: Uint8Array; readonly stopAfter?: number } = {},
): Promise<{ readonly last: Uint8Array; readonly events: TrainerEvent[] }> {
  const engine = await createEngine('onnx', { threads: 1 });
  const checkpoints = new MemoryCheckpoints();
  const events: TrainerEvent[] = [];
  try {
    let stop = (): void => undefined;
    const listener = (event: TrainerEvent): void => {
      if (event.event !== 'batch') events.push(event);
      if (event.event === 'step' && event.globalStep === stopAfter) stop();
    };
    const trainer = await prepareJob(job, { engine, checkpoints, listener, from });
    stop = () => trainer.stop();
    assert.equal(await trainer.run(), stopAfter === undefined ? 'complete' : 'interrupted');
  } finally {
    await engine.close();
  }
  return { last: checkpoints.kept.get('last')!, events };
}

const weightsOf = (bytes: Uint8Array) => parseCheckpoint(bytes, 'the checkpoint').tensors;

describe('the training of the page', () => {
  it('gives the same model to the bit when it was stopped and resumed, and is shown meanwhile', async () => {
    const job = jobOf(2);
    const whole = await run(job);
    const stopped = await run(job, { stopAfter: 4 });
    const resumed = await run(job, { from: stopped.last });
    assert.deepEqual(weightsOf(resumed.last), weightsOf(whole.last));
    assertShown(job, whole.events);
  });
});

/** What the page shows of a training of two epochs of three steps, at its beginning and at its end. */
function assertShown(job: TrainingJob, events: readonly TrainerEvent[]): void {
  const news = events.map((event) => ({ kind: 'event', event }) as TrainingNews);
  const first = withNews(startedTraining(job), news.slice(0, 4));
  assert.match(first.status, /^Epoch 1 of 2, step \d: loss \d\.\d{3}, \d+ images per second\.$/);
  const shown = withNews(startedTraining(job), news);
  assert.equal(shown.phase, 'complete');
  assert.match(shown.status, /^Complete: best top-1 \d+\.\d% of the test images\.$/);
  assert.deepEqual(shown.steps.numbers, [1, 2, 3, 4, 5, 6]);
  assert.equal(shown.epochs.length, 2);
  assert.equal(shown.notice, '');
  const broken = news.map((one) =>
    one.kind === 'event' && one.event.event === 'epoch' && one.event.epoch === 0
      ? { ...one, event: { ...one.event, test: { ...one.event.test, notFinite: 5 } } }
      : one,
  );
  assert.match(
    withNews(startedTraining(job), broken).notice,
    /^The logits of 5 of 16 test images were not finite after epoch 1, and count as wrong: /,
  );
}

describe('news of the page’s training', () => {
  it('wait for the page, in order, and end', async () => {
    const queue = new NewsQueue();
    const asked = queue.take();
    queue.push({ kind: 'notice', text: 'one' });
    assert.deepEqual(await asked, [{ kind: 'notice', text: 'one' }]);
    queue.push({ kind: 'notice', text: 'two' });
    queue.push({ kind: 'notice', text: 'three' });
    assert.equal((await queue.take()).length, 2);
    const last = queue.take();
    queue.close();
    assert.deepEqual(await last, []);
    assert.deepEqual(await queue.take(), []);
  });
});
