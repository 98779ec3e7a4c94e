/** What was measured is kept, and taken again: by the same engine, by the next one, and by a run that is resumed. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createEngine } from '../../../src/engines/createEngine.js';
import type { EngineOptions, Measuring } from '../../../src/engines/engine.js';
import { UserError } from '../../../src/errors.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import type { Program } from '../../../src/graph/program.js';
import { onednnMissing } from '../../support/onednn.js';

const skip = await onednnMissing();
const folder = mkdtempSync(join(tmpdir(), 'biasloss-tuning-'));
process.env.XDG_CACHE_HOME = folder;
after(() => rmSync(folder, { recursive: true }));

function program(channels: number): Program {
  const graph = new Graph();
  const x = graph.input('x', [2, channels, 12, 12]);
  const w = graph.input('w', [channels, channels, 3, 3]);
  return graph.program({ y: conv2d(x, w, undefined, { padding: 1 }) });
}

interface Outcome {
  readonly remark: string | undefined;
  readonly choices: Readonly<Record<string, string>>;
  readonly y: Float32Array;
}

/** Compiles and runs a program on an engine of its own. */
async function compute(
  tune: string | undefined,
  options: EngineOptions = {},
  channels = 32,
): Promise<Outcome> {
  if (tune === undefined) delete process.env.BIASLOSS_TUNE;
  else process.env.BIASLOSS_TUNE = tune;
  const engine = await createEngine('onednn', { threads: 1, ...options });
  try {
    const executable = await engine.compile(program(channels));
    const x = Float32Array.from({ length: 2 * channels * 144 }, (_, i) => ((i * 37) % 101) / 101 - 0.5);
    const w = Float32Array.from({ length: channels ** 2 * 9 }, (_, i) => ((i * 53) % 97) / 97 - 0.5);
    const { y } = await executable.run({ x, w });
    const remark = /[^,]* measured in [^,]*/.exec(executable.description ?? '')?.[0];
    return { remark, choices: (await engine.choices?.()) ?? {}, y: y as Float32Array };
  } finally {
    await engine.close();
  }
}

test('a convolution is measured once on a machine, and the same way taken from then on', {
  skip,
}, async () => {
  // Kept for good, however busy the machine is.
  const first = await compute('refresh');
  assert.match(first.remark ?? '', /1 convolution measured in \d+\.\d s/);
  const files = readdirSync(join(folder, 'biasloss', 'onednn'));
  assert.equal(files.length, 1);
  const second = await compute('on');
  assert.equal(second.remark, undefined);
  assert.deepEqual(second.choices, first.choices);
  assert.deepEqual(second.y, first.y);
  const other = await compute('on', {}, 16);
  assert.match(other.remark ?? '', /1 convolution measured/);
  assert.match((await compute('refresh')).remark ?? '', /1 convolution measured/);
  assert.match((await compute('on', { threads: 2 })).remark ?? '', /1 convolution measured/);
});

test('while convolutions are measured, the engine says how far it is', { skip }, async () => {
  const said: Measuring[] = [];
  const options: EngineOptions = { onMeasuring: (progress) => said.push(progress) };
  await compute('refresh', options);
  assert.deepEqual(said, [
    { done: 0, total: 1 },
    { done: 1, total: 1 },
  ]);
  await compute('on', options);
  assert.equal(said.length, 2);
});

test('off, rules choose', { skip }, async () => {
  const { remark, choices } = await compute('off', {}, 24);
  assert.equal(remark, undefined);
  assert.equal(Object.keys(choices).length, 1);
});

test('by default it is measured', { skip }, async () => {
  assert.match((await compute(undefined, {}, 24)).remark ?? '', /1 convolution measured/);
});

test('the choices of an earlier engine are taken again, whatever the file says', { skip }, async () => {
  const [key] = Object.keys((await compute('off')).choices) as [string];
  const ways = ['direct f32', 'product f32'] as const;
  for (const way of ways) {
    const { choices, remark } = await compute('on', { choices: { [key]: way } });
    assert.deepEqual(choices, { [key]: way });
    assert.equal(remark, undefined);
  }
  const unknown = await compute('off', { choices: { [key]: 'by hand' } });
  assert.notEqual(unknown.choices[key], 'by hand');
});

test('bf16, too, is measured by default', { skip: skip || (await onednnMissing('bf16')) }, async () => {
  const { remark } = await compute(undefined, { precision: 'bf16' });
  assert.match(remark ?? '', /1 convolution measured/);
});

test('another value of BIASLOSS_TUNE is refused', { skip }, async () => {
  await assert.rejects(
    compute('yes'),
    (error: unknown) =>
      error instanceof UserError &&
      error.message === 'BIASLOSS_TUNE must be one of on, off, refresh, not "yes"',
  );
});
