import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { onednnMissing } from '../../support/onednn.js';

const skip = (await onednnMissing()) || (process.platform !== 'linux' && 'variables of GNU OpenMP');

/** More than there are processors, so that OMP_DYNAMIC always gives fewer. */
const THREADS = availableParallelism() + 1;

/** A training step, and another on 1 thread more: weight gradients of several threads wait for each other. */
const SCRIPT = `
  const { biasLoss, createEngine, createModel, Learner, sgd } = await import(
    ${JSON.stringify(new URL('../../../src/index.js', import.meta.url).href)});
  const engine = await createEngine('onednn', { threads: ${THREADS} });
  const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: 10, imageSize: 32 });
  const learner = await Learner.create({
    ...{ engine, model, loss: biasLoss(), optimizer: sgd({ momentum: 0.9 }), batchSize: 2, seed: 1 },
  });
  const batch = () => ({ images: new Float32Array(2 * 3 * 32 * 32).fill(0.5), labels: Int32Array.of(3, 7) });
  const told = [];
  for (const step of [0, 1]) {
    const { loss } = await learner.step(batch(), { learningRate: 0.01, step });
    told.push({ finite: Number.isFinite(loss), most: engine.mostThreads ?? 0, description: engine.description });
    if (step === 0) await learner.useThreads(${THREADS + 1});
  }
  await learner.close();
  await engine.close();
  console.log(JSON.stringify(told));`;

/** What the steps tell; rejects where they never end. */
async function toldWith(variables: Readonly<Record<string, string>>): Promise<unknown[]> {
  const env = { ...process.env, BIASLOSS_TUNE: 'off', ...variables };
  const args = ['--input-type=module', '-e', SCRIPT];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    ...{ env, timeout: 240_000, killSignal: 'SIGKILL' },
  });
  const told: { finite: boolean; most: number; description: string }[] = JSON.parse(stdout);
  return told.map(({ description, ...rest }) => ({
    ...rest,
    threads: /\d+ threads? \(.*?\)/.exec(description)?.[0],
  }));
}

test('oneDNN computes with no more threads than OMP_THREAD_LIMIT, and says so', { skip }, async () => {
  const threads = '1 thread (GNU OpenMP, OMP_THREAD_LIMIT allows no more)';
  const told = { finite: true, most: 1, threads };
  assert.deepEqual(await toldWith({ OMP_THREAD_LIMIT: '1' }), [told, told]);
});

for (const variable of ['OMP_DYNAMIC=true', 'OMP_MAX_ACTIVE_LEVELS=0'])
  test(`oneDNN has all its threads with ${variable}`, { skip }, async () => {
    const [name = '', value = ''] = variable.split('=');
    const told = (threads: number) => ({ finite: true, most: 0, threads: `${threads} threads (GNU OpenMP)` });
    assert.deepEqual(await toldWith({ [name]: value }), [told(THREADS), told(THREADS + 1)]);
  });
