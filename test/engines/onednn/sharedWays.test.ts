/** Several ranks take the ways of the first one, for programs that all compile together, and wait for nobody elsewhere. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  type Communicator,
  type ReducedArray,
  soloCommunicator,
} from '../../../src/distributed/communicator.js';
import type { Measuring } from '../../../src/engines/engine.js';
import { createBackend } from '../../../src/engines/onednn/backend.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { onednnMissing } from '../../support/onednn.js';

const skip = await onednnMissing();
const folder = mkdtempSync(join(tmpdir(), 'biasloss-shared-ways-'));
process.env.XDG_CACHE_HOME = folder;
after(() => rmSync(folder, { recursive: true }));

/** A rank of two: what the first one says is kept, in order, and the second one hears it later. */
function rankOf(rank: number, messages: number[][]): Communicator {
  return {
    ...soloCommunicator,
    rank,
    size: 2,
    broadcast: (array: ReducedArray, root: number) => {
      assert.equal(root, 0);
      if (rank === root) messages.push([...array]);
      else array.set(messages.shift() ?? assert.fail('the first rank has said nothing'));
    },
  };
}

const program = (() => {
  const graph = new Graph();
  const x = graph.input('x', [2, 16, 12, 12]);
  const w = graph.input('w', [16, 16, 3, 3]);
  return graph.program({ y: conv2d(x, w, undefined, { padding: 1 }) });
})();

interface Outcome {
  readonly choices: Readonly<Record<string, string>>;
  readonly measured: readonly Measuring[];
}

/** The choices of a rank that compiles the program. */
async function compile(
  communicator: Communicator,
  { together, choices = {} }: { together: boolean; choices?: Readonly<Record<string, string>> },
): Promise<Outcome> {
  const backend = await createBackend({ threads: 1, precision: 'f32', choices }, communicator);
  const measured: Measuring[] = [];
  try {
    const executable = await backend.compile(program, {
      variables: new Map(),
      frozen: false,
      precision: 'f32',
      together,
      onMeasuring: (progress) => measured.push(progress),
    });
    await executable.close();
    return { choices: backend.choices!(), measured };
  } finally {
    await backend.close();
  }
}

test('the first rank measures, and the second takes what it found', { skip }, async () => {
  process.env.BIASLOSS_TUNE = 'refresh';
  const messages: number[][] = [];
  const first = await compile(rankOf(0, messages), { together: true });
  assert.deepEqual(first.measured, [
    { done: 0, total: 1 },
    { done: 1, total: 1 },
  ]);
  const second = await compile(rankOf(1, messages), { together: true });
  assert.deepEqual(second, { choices: first.choices, measured: [] });
  assert.deepEqual(messages, []);
});

test('the ways of the first rank are taken in place of the second one’s own', { skip }, async () => {
  process.env.BIASLOSS_TUNE = 'off';
  const [key] = Object.keys((await compile(soloCommunicator, { together: false })).choices) as [string];
  for (const way of ['direct f32', 'product f32']) {
    const messages: number[][] = [];
    await compile(rankOf(0, messages), { together: true, choices: { [key]: way } });
    const { choices } = await compile(rankOf(1, messages), {
      together: true,
      choices: { [key]: 'winograd f32' },
    });
    assert.deepEqual(choices, { [key]: way });
  }
});

test('a rank that compiles alone measures nothing and says nothing', { skip }, async () => {
  process.env.BIASLOSS_TUNE = 'refresh';
  const messages: number[][] = [];
  for (const rank of [0, 1]) {
    const { choices, measured } = await compile(rankOf(rank, messages), { together: false });
    assert.equal(Object.keys(choices).length, 1);
    assert.deepEqual(measured, []);
  }
  assert.deepEqual(messages, []);
});
