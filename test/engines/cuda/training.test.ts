import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Engine, Executable, Precision } from '../../../src/engines/engine.js';
import { startThreadEngine } from '../../../src/engines/host/threadEngine.js';
import { isImageBytes } from '../../../src/engines/imageBytes.js';
import { errorMessage, UserError } from '../../../src/errors.js';
import { adamw } from '../../../src/optim/adamw.js';
import { readCheckpoint } from '../../../src/runs/checkpoint.js';
import { restoreLearner } from '../../../src/train/learnerState.js';
import type { Accuracy } from '../../../src/train/metrics.js';
import { eventsOf } from '../../train/fixtures/eventsOf.js';
import { type TinyOptions, withFolder, withTrainer } from '../../train/fixtures/tiny.js';
import { withoutEmulator } from './emulator/device.js';

const module = new URL('./fixtures/emulatedBackend.js', import.meta.url);

/** How many runs were given inputs of the next one, and images as bytes, and whether any was requested while another was in progress. */
interface Counts {
  readonly ahead: number;
  readonly bytes: number;
  readonly overlap: boolean;
}

/** An engine on an emulated card, and what it was asked for. */
interface Watched {
  readonly engine: Engine;
  counts(): Counts;
}

/** What an engine says that it takes. */
interface Taken {
  readonly takesAhead: boolean;
  readonly takesBytes: boolean;
  readonly runsAhead: boolean;
}

const ALL: Taken = { takesAhead: true, takesBytes: true, runsAhead: true };
const NOTHING: Taken = { takesAhead: false, takesBytes: false, runsAhead: false };

async function start(
  { takesAhead, takesBytes, runsAhead }: Taken,
  precision: Precision = 'f32',
): Promise<Watched> {
  const options = { threads: 1, precision, choices: {} };
  const engine = await startThreadEngine({ name: 'emulated CUDA', module }, options);
  const counts = { ahead: 0, bytes: 0, overlap: false };
  let inProgress = 0;
  const compile: Engine['compile'] = async (...args) => {
    const executable = await engine.compile(...args);
    const run: Executable['run'] = async (inputs, how, ahead) => {
      if (inProgress++ > 0) counts.overlap = true;
      if (ahead) counts.ahead++;
      for (const { images } of [inputs, ahead ?? {}]) if (images && isImageBytes(images)) counts.bytes++;
      try {
        return await executable.run(inputs, how, ahead);
      } finally {
        inProgress--;
      }
    };
    return { ...executable, run };
  };
  const watched: Engine = Object.create(engine, {
    takesAhead: { value: takesAhead },
    takesBytes: { value: takesBytes },
    runsAhead: { value: runsAhead },
    compile: { value: compile },
  });
  return { engine: watched, counts: () => counts };
}

/** The bits of a run's end, its losses, and its accuracies after each epoch. */
interface End extends Counts {
  readonly state: ReadonlyMap<string, Buffer>;
  readonly losses: readonly number[];
  readonly accuracies: readonly Accuracy[];
}

/** Trains; a run in a folder may be stopped after some steps, and is resumed if the folder has a checkpoint. */
async function train(
  taken: Taken,
  options: TinyOptions & { readonly stopAfter?: number; readonly isResumed?: boolean } = {},
): Promise<End> {
  const { engine, counts } = await start(taken, options.precision);
  const checkpoint = options.isResumed
    ? readCheckpoint(join(options.folder!, 'last.safetensors'))
    : undefined;
  const progress = checkpoint?.training?.progress;
  return withTrainer({ epochs: 2, ...options, engine, ...(progress && { progress }) }, async (run) => {
    if (checkpoint) await restoreLearner(run.learner, checkpoint);
    let steps = 0;
    run.trainer.listen(({ event }) => {
      if (event === 'step' && ++steps === options.stopAfter) run.trainer.stop();
    });
    await run.trainer.run();
    const state = new Map([...(await run.learner.stateDict()), ...(await run.learner.trainingState())]);
    return {
      state: new Map([...state].map(([name, { data }]) => [name, Buffer.from(data.buffer)])),
      losses: eventsOf(run.events, 'step').map(({ loss }) => loss),
      accuracies: eventsOf(run.events, 'epoch').map(({ test }) => test),
      ...counts(),
    };
  });
}

describe('a training whose batches go up while it computes', { skip: withoutEmulator() }, () => {
  it('gives the bits of one whose batches do not, as numbers or bytes', async () => {
    const plain = await train(NOTHING);
    const { ahead, bytes, overlap, ...end } = plain;
    assert.deepEqual([ahead, bytes, overlap], [0, 0, false]);
    // Each step of an epoch but for the last one.
    const all = { ...end, ahead: 2 * 4, bytes: 2 * (5 + 3), overlap: true };
    assert.deepEqual(await train({ ...ALL, takesBytes: false }), { ...all, bytes: 0 });
    assert.deepEqual(await train({ ...ALL, takesAhead: false }), { ...all, ahead: 0 });
    assert.deepEqual(await train({ ...ALL, runsAhead: false }), { ...all, overlap: false });
    assert.deepEqual(await train(ALL), all);
  });

  it('counts updates for an optimiser and averages that ask for their number', async () => {
    const options = { epochs: 1, optimizer: adamw(), averageDecay: 0.9 };
    const plain = await train(NOTHING, options);
    const found = await train(ALL, options);
    assert.deepEqual(found.state, plain.state);
    assert.deepEqual(found.losses, plain.losses);
  });

  it('gives the same bits in bf16, too', async () => {
    const plain = await train(NOTHING, { epochs: 1, precision: 'bf16' });
    const found = await train(ALL, { epochs: 1, precision: 'bf16' });
    assert.deepEqual(found, { ...plain, ahead: 4, bytes: 5 + 3, overlap: true });
  });

  it('shows its first batch as numbers', async () => {
    const [plain, bytes] = await Promise.all([firstImages(NOTHING), firstImages(ALL)]);
    assert.ok(plain.length > 0);
    assert.deepEqual(bytes, plain);
  });

  it('accumulates gradients as before', async () => {
    const plain = await train(NOTHING, { accumulate: 2 });
    const found = await train(ALL, { accumulate: 2 });
    assert.deepEqual(found, { ...plain, bytes: 2 * (5 + 3), overlap: true });
  });
});

describe('a training whose steps are started behind others', { skip: withoutEmulator() }, () => {
  it('gives the same bits where it is stopped with a batch on its way, and resumed', () =>
    withFolder(async (folder) => {
      const whole = await train(ALL);
      const first = await train(ALL, { folder, stopAfter: 2 });
      const rest = await train(ALL, { folder, isResumed: true });
      // The third step was in progress when the second was reported.
      assert.equal(first.losses.length, 3);
      assert.deepEqual([...first.losses, ...rest.losses], whole.losses);
      assert.deepEqual(rest.state, whole.state);
    }));

  it('writes checkpoints between two steps, with the state of the first', () =>
    withFolder(async (folder) => {
      const whole = await train(ALL);
      const first = await train(ALL, { folder, checkpointSeconds: 0, stopAfter: 3 });
      assert.ok(!first.overlap);
      assert.equal(first.losses.length, 3);
      const rest = await train(ALL, { folder, isResumed: true });
      assert.deepEqual([...first.losses, ...rest.losses], whole.losses);
      assert.deepEqual(rest.state, whole.state);
    }));

  it('ends as before where the loss is no longer finite', async () => {
    const [plain, ahead] = [await overflow(NOTHING), await overflow(ALL)];
    assert.match(
      plain.message,
      /^the loss is (NaN|Infinity) at step 2 of epoch 2; the last checkpoint is kept/,
    );
    assert.deepEqual(ahead, plain);
  });

  it('reports the steps before a batch that cannot be computed', async () => {
    const { engine } = await start(ALL);
    await withTrainer({ engine, epochs: 1 }, async ({ trainer, learner, events }) => {
      const { startStep } = learner;
      let steps = 0;
      learner.startStep = async (...values) => {
        if (++steps === 4) throw new UserError('the fourth batch is damaged');
        return startStep.apply(learner, values);
      };
      await assert.rejects(trainer.run(), /the fourth batch is damaged/);
      assert.equal(eventsOf(events, 'step').length, 3);
    });
  });
});

/** How a run ends whose second epoch has no finite loss from its third step on. */
function overflow(taken: Taken): Promise<{ readonly message: string }> {
  return withFolder(async (folder) => {
    const { engine } = await start(taken);
    const schedule = (epoch: number, step: number): number => (epoch === 1 && step === 1 ? 1e38 : 0.01);
    return withTrainer({ folder, engine, schedule, checkpointSeconds: 300 }, async ({ trainer, events }) => {
      const message = await trainer.run().then(() => 'it ended', errorMessage);
      const { tensors, training } = readCheckpoint(join(folder, 'last.safetensors'));
      const state = [...tensors].map(([name, { data }]) => [name, Buffer.from(data.buffer)]);
      const losses = eventsOf(events, 'step').map(({ loss, step }) => [step, loss]);
      return { message, state, step: training!.progress.globalStep, losses };
    });
  });
}

/** The images of the event `batch`. */
async function firstImages(taken: Taken): Promise<Float32Array> {
  const { engine } = await start(taken);
  return withTrainer({ epochs: 1, engine }, async ({ trainer }) => {
    let images = new Float32Array();
    trainer.listen((event) => {
      if (event.event === 'batch') images = event.batch.images.slice();
    });
    await trainer.run();
    return images;
  });
}
