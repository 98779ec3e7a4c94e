import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Engine, Executable, Precision } from '../../../src/engines/engine.js';
import { startThreadEngine } from '../../../src/engines/host/threadEngine.js';
import { isImageBytes } from '../../../src/engines/imageBytes.js';
import { readCheckpoint } from '../../../src/runs/checkpoint.js';
import { restoreLearner } from '../../../src/train/learnerState.js';
import { eventsOf } from '../../train/fixtures/eventsOf.js';
import { type TinyOptions, withFolder, withTrainer } from '../../train/fixtures/tiny.js';
import { withoutEmulator } from './emulator/device.js';

const module = new URL('./fixtures/emulatedBackend.js', import.meta.url);

/** What an engine on an emulated card is asked for, and how many runs were given inputs of the next one, and images as bytes. */
interface Watched {
  readonly engine: Engine;
  counts(): { readonly ahead: number; readonly bytes: number };
}

/** What an engine says that it takes. */
interface Taken {
  readonly takesAhead: boolean;
  readonly takesBytes: boolean;
}

const ALL: Taken = { takesAhead: true, takesBytes: true };
const NOTHING: Taken = { takesAhead: false, takesBytes: false };

async function start({ takesAhead, takesBytes }: Taken, precision: Precision = 'f32'): Promise<Watched> {
  const options = { threads: 1, precision, choices: {} };
  const engine = await startThreadEngine({ name: 'emulated CUDA', module }, options);
  const counts = { ahead: 0, bytes: 0 };
  const compile: Engine['compile'] = async (...args) => {
    const executable = await engine.compile(...args);
    const run: Executable['run'] = (inputs, how, ahead) => {
      if (ahead) counts.ahead++;
      for (const { images } of [inputs, ahead ?? {}]) if (images && isImageBytes(images)) counts.bytes++;
      return executable.run(inputs, how, ahead);
    };
    return { ...executable, run };
  };
  const watched: Engine = Object.create(engine, {
    takesAhead: { value: takesAhead },
    takesBytes: { value: takesBytes },
    compile: { value: compile },
  });
  return { engine: watched, counts: () => counts };
}

/** The bits of a run's end, and its losses. */
interface End {
  readonly state: ReadonlyMap<string, Buffer>;
  readonly losses: readonly number[];
  readonly ahead: number;
  readonly bytes: number;
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
      ...counts(),
    };
  });
}

describe('a training whose batches go up while it computes', { skip: withoutEmulator() }, () => {
  it('gives the bits of one whose batches do not, as numbers or bytes', async () => {
    const plain = await train(NOTHING);
    const { state, losses } = plain;
    assert.deepEqual([plain.ahead, plain.bytes], [0, 0]);
    // Each step of an epoch but for the last one.
    assert.deepEqual(await train({ ...ALL, takesBytes: false }), { state, losses, ahead: 2 * 4, bytes: 0 });
    assert.deepEqual(await train({ ...ALL, takesAhead: false }), { state, losses, ahead: 0, bytes: 2 * 5 });
    assert.deepEqual(await train(ALL), { state, losses, ahead: 2 * 4, bytes: 2 * 5 });
  });

  it('gives the same bits in bf16, too', async () => {
    const { state, losses } = await train(NOTHING, { epochs: 1, precision: 'bf16' });
    const found = await train(ALL, { epochs: 1, precision: 'bf16' });
    assert.deepEqual(found, { state, losses, ahead: 4, bytes: 5 });
  });

  it('shows its first batch as numbers', async () => {
    const [plain, bytes] = await Promise.all([firstImages(NOTHING), firstImages(ALL)]);
    assert.ok(plain.length > 0);
    assert.deepEqual(bytes, plain);
  });

  it('gives the same bits where it is stopped with a batch on its way, and resumed', () =>
    withFolder(async (folder) => {
      const whole = await train(ALL);
      const first = await train(ALL, { folder, stopAfter: 2 });
      const rest = await train(ALL, { folder, isResumed: true });
      assert.equal(first.losses.length, 2);
      assert.deepEqual([...first.losses, ...rest.losses], whole.losses);
      assert.deepEqual(rest.state, whole.state);
    }));

  it('accumulates gradients as before', async () => {
    const { state, losses } = await train(NOTHING, { accumulate: 2 });
    const found = await train(ALL, { accumulate: 2 });
    assert.deepEqual(found, { state, losses, ahead: 0, bytes: 2 * 5 });
  });
});

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
