import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SettingError } from '../../src/errors.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { fastest, threadCounts } from '../../src/runs/chooseThreads.js';
import { openRun, type RunRequest, runFolderOf } from '../../src/runs/openRun.js';
import { engineOptionsOf } from '../../src/runs/rankShare.js';
import type { RunEvent } from '../../src/runs/runEvents.js';
import { startRun } from '../../src/runs/startRun.js';
import { withFolder } from '../train/fixtures/tiny.js';

describe('the number of threads', () => {
  it('is looked for among all processors, all but one, half of them and so on', () => {
    assert.deepEqual(threadCounts(1), [1]);
    assert.deepEqual(threadCounts(2), [2, 1]);
    assert.deepEqual(threadCounts(4), [4, 3, 2, 1]);
    assert.deepEqual(threadCounts(6), [6, 5, 3, 1]);
    assert.deepEqual(threadCounts(16), [16, 15, 8, 4, 2, 1]);
  });

  const cases: [what: string, rates: Record<number, number>, best: number, tried: number[]][] = [
    ['all on a quiet machine', { 8: 800, 7: 710, 4: 420, 2: 210, 1: 100 }, 8, [8, 7, 4]],
    ['fewer where others compute', { 8: 90, 7: 300, 4: 320, 2: 210, 1: 100 }, 4, [8, 7, 4, 2, 1]],
    ['not fewer for a difference that is noise', { 2: 100, 1: 102 }, 2, [2, 1]],
    ['one where it is fastest', { 2: 119, 1: 213 }, 1, [2, 1]],
  ];
  for (const [what, rates, best, expected] of cases)
    it(`is that of the fastest: ${what}`, async () => {
      const tried: number[] = [];
      const counts = Object.keys(rates).map(Number).reverse();
      const found = await fastest(counts, async (count) => {
        tried.push(count);
        return rates[count]!;
      });
      assert.deepEqual([found, tried], [best, expected]);
    });

  it('cannot be measured on several ranks, which launch refuses before it starts any', () => {
    const settings = { data: 'synthetic', threads: 0 } as const;
    assert.throws(
      () => runFolderOf({ settings }, 2),
      /threads auto is for a run on its own: 2 ranks need a number/,
    );
    assert.ok(runFolderOf({ settings }, 1));
  });

  it('cannot be measured where nothing is trained', () => {
    assert.throws(
      () => engineOptionsOf({ threads: 0, precision: 'f32' }),
      (error) => error instanceof SettingError && /^threads auto is for a training run/.test(error.message),
    );
  });
});

/** Trains to the end; what was reported, and the configuration in the checkpoint. */
async function trained(
  request: RunRequest,
  folder: string,
): Promise<{ notices: string[]; threads: unknown; epochs: unknown }> {
  const events: RunEvent[] = [];
  const opened = await openRun(request);
  const run = await startRun(opened, { onEvent: (event) => events.push(event) });
  try {
    assert.equal(await run.run(), 'complete');
  } finally {
    await run.close();
    opened.folder.close();
  }
  const config = readCheckpoint(join(folder, 'last.safetensors')).training!.config as Record<string, unknown>;
  const notices = events.flatMap((event) => (event.event === 'notice' ? [event.text] : []));
  return { notices, threads: config.threads, epochs: config.epochs };
}

it('a run whose threads are measured says and keeps their number, which a resumed run has, too', () =>
  withFolder(async (cwd) => {
    const folder = join(cwd, 'run');
    const settings = {
      ...({ data: 'synthetic', model: 'squeezenet1_1', baseLr: 0.01, batchSize: 8 } as const),
      ...({ limitTrain: 16, limitTest: 8, engine: 'onnx', threads: 0, epochs: 1 } as const),
    };
    const first = await trained({ settings, runDir: folder }, folder);
    const [notice] = first.notices;
    assert.match(notice!, /^threads: \d+, the fastest of those that were measured \(images\/s on \d+: \d/);
    assert.ok(Number(first.threads) >= 1 && Number(first.threads) <= availableParallelism());
    assert.ok(notice!.startsWith(`threads: ${String(first.threads)},`));
    const second = await trained({ settings: { epochs: 2 }, resume: folder }, folder);
    assert.deepEqual(second, { notices: [], threads: first.threads, epochs: 2 });
  }));
