import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Engine, Executable } from '../../../src/engines/engine.js';
import { startThreadEngine } from '../../../src/engines/host/threadEngine.js';
import { readCheckpoint } from '../../../src/runs/checkpoint.js';
import { restoreLearner } from '../../../src/train/learnerState.js';
import { eventsOf } from '../../train/fixtures/eventsOf.js';
import { type TinyOptions, withFolder, withTrainer } from '../../train/fixtures/tiny.js';
import { withoutEmulator } from './emulator/device.js';

const module = new URL('./fixtures/emulatedBackend.js', import.meta.url);

/** The engine on an emulated card, and how many runs were given inputs of the next one. */
async function start(takesAhead: boolean): Promise<{ engine: Engine; ahead(): number }> {
  const options = { threads: 1, precision: 'f32', choices: {} } as const;
  const engine = await startThreadEngine({ name: 'emulated CUDA', module }, options);
  let count = 0;
  const compile: Engine['compile'] = async (...args) => {
    const executable = await engine.compile(...args);
    const run: Executable['run'] = (inputs, how, ahead) => {
      if (ahead) count++;
      return executable.run(inputs, how, ahead);
    };
    return { ...executable, run };
  };
  const watched: Engine = Object.create(engine, {
    takesAhead: { value: takesAhead },
    compile: { value: compile },
  });
  return { engine: watched, ahead: () => count };
}

/** The bits of a run's end, and its losses. */
interface End {
  readonly state: ReadonlyMap<string, Buffer>;
  readonly losses: readonly number[];
  readonly ahead: number;
}

/** Trains; a run in a folder may be stopped after some steps, and is resumed if the folder has a checkpoint. */
async function train(
  takesAhead: boolean,
  options: TinyOptions & { readonly stopAfter?: number; readonly isResumed?: boolean } = {},
): Promise<End> {
  const { engine, ahead } = await start(takesAhead);
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
      ahead: ahead(),
    };
  });
}

describe('a training whose batches go up while it computes', { skip: withoutEmulator() }, () => {
  it('gives the bits of one whose batches do not', async () => {
    const plain = await train(false);
    const found = await train(true);
    assert.equal(plain.ahead, 0);
    // Each step of an epoch but for the last one.
    assert.equal(found.ahead, 2 * 4);
    assert.deepEqual({ ...found, ahead: 0 }, plain);
  });

  it('gives the same bits where it is stopped with a batch on its way, and resumed', () =>
    withFolder(async (folder) => {
      const whole = await train(true);
      const first = await train(true, { folder, stopAfter: 2 });
      const rest = await train(true, { folder, isResumed: true });
      assert.equal(first.losses.length, 2);
      assert.deepEqual([...first.losses, ...rest.losses], whole.losses);
      assert.deepEqual(rest.state, whole.state);
    }));

  it('accumulates gradients as before', async () => {
    const found = await train(true, { accumulate: 2 });
    assert.equal(found.ahead, 0);
    assert.deepEqual(found, await train(false, { accumulate: 2 }));
  });
});
