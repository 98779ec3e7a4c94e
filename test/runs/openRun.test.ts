import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SettingError } from '../../src/errors.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { readMetrics } from '../../src/runs/metricsFile.js';
import { openRun } from '../../src/runs/openRun.js';
import type { RunEvent } from '../../src/runs/runEvents.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import type { TrainConfig } from '../../src/runs/trainConfig.js';
import { drawClasses } from '../cli/fixtures/images.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { trainedToEnd } from './fixtures/trained.js';

/** A run of a second. */
const SMALL: Partial<TrainConfig> = {
  ...{ data: 'synthetic', ratio: 0.5, batchSize: 8, limitTrain: 16, limitTest: 8 },
  ...{ engine: 'onnx', threads: 1, epochs: 1 },
};

/** What opening a run reports. */
async function noticesOf(settings: Partial<TrainConfig>, runDir: string): Promise<string[]> {
  const notices: string[] = [];
  const { folder } = await openRun({ settings: { ...SMALL, ...settings }, runDir }, (event) => {
    if (event.event === 'notice') notices.push(event.text);
  });
  folder.close();
  return notices;
}

describe('milestones', () => {
  it('that the run does not get to are named', () =>
    withFolder(async (folder) => {
      assert.deepEqual(await noticesOf({ milestones: [2, 5, 9], epochs: 5 }, join(folder, 'a')), [
        'the milestones 5, 9 are beyond the last epoch: the run has 5, and the learning rate does not fall there',
      ]);
      assert.deepEqual(await noticesOf({ milestones: [2, 4], epochs: 5 }, join(folder, 'b')), []);
    }));

  it('by default are named if the run reaches none, unless it is a trial', () =>
    withFolder(async (folder) => {
      assert.deepEqual(await noticesOf({ epochs: 80 }, join(folder, 'a')), [
        'the milestones 80, 122 are beyond the last epoch: the run has 80, and the learning rate never falls; give milestones, or schedule cosine',
      ]);
      assert.deepEqual(await noticesOf({ epochs: 81 }, join(folder, 'b')), []);
      assert.deepEqual(await noticesOf({ epochs: 9 }, join(folder, 'c')), []);
      assert.deepEqual(await noticesOf({ epochs: 80, schedule: 'cosine' }, join(folder, 'd')), []);
    }));
});

it('the global bias loss of very few images is warned of', () =>
  withFolder(async (folder) => {
    const [notice, ...others] = await noticesOf({ batchSize: 5 }, join(folder, 'a'));
    assert.match(notice!, /^in batches of fewer than 6 images the bias loss .* normMode local bounds/);
    assert.deepEqual(others, []);
    for (const [i, fine] of [
      { batchSize: 6 },
      { batchSize: 2, normMode: 'local' },
      { batchSize: 2, loss: 'ce' },
    ].entries())
      assert.deepEqual(await noticesOf(fine as Partial<TrainConfig>, join(folder, String(i))), []);
  }));

it('parts that would thaw after the last epoch are named', () =>
  withFolder(async (folder) => {
    const frozen = { freeze: 'backbone', epochs: 5 };
    for (const unfreezeAfter of [5, 30])
      assert.deepEqual(await noticesOf({ ...frozen, unfreezeAfter }, join(folder, String(unfreezeAfter))), [
        `unfreezeAfter ${unfreezeAfter} is not reached: the run has 5 epochs, and what freeze backbone freezes is never trained`,
      ]);
    assert.deepEqual(await noticesOf({ ...frozen, unfreezeAfter: 4 }, join(folder, 'a')), []);
    assert.deepEqual(await noticesOf(frozen, join(folder, 'b')), []);
  }));

const refusal =
  (message: string) =>
  (error: unknown): true => {
    assert.ok(error instanceof SettingError, String(error));
    assert.equal(error.message, message);
    return true;
  };

/** Runs `body` in another working directory. */
async function inFolder<T>(folder: string, body: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    return await body();
  } finally {
    process.chdir(before);
  }
}

describe('a run of the library', () => {
  it('is opened, trained, resumed with more epochs and read, without the command line', () =>
    withFolder(async (folder) => {
      const runDir = join(folder, 'run');
      const first = await trainedToEnd({ settings: { ...SMALL, schedule: 'cosine' }, runDir });
      assert.deepEqual(first.opening, []);
      const second = await trainedToEnd({ settings: { epochs: 2 }, resume: runDir });
      assert.deepEqual(
        second.opening.map((event) => event.event === 'notice' && [event.subject, event.text]),
        [
          [
            'settings',
            'with 2 epochs instead of 1 the cosine schedule gives another learning rate from epoch 2 on: 0.05 there instead of 0',
          ],
        ],
      );
      const epochs = second.steps.filter(({ event }) => event === 'epoch');
      assert.equal(epochs.length, 1);
      assert.deepEqual(readMetrics(runDir).epoch, [1, 2]);
      assert.equal(readCheckpoint(join(runDir, 'last.safetensors')).training!.progress.epoch, 2);
    }));

  it('cannot be resumed with another value of a setting that has to stay: both are named', () =>
    withFolder(async (folder) => {
      const runDir = join(folder, 'run');
      const opened = await openRun({ settings: SMALL, runDir });
      opened.folder.close();
      mkdirSync(runDir);
      writeFileSync(join(runDir, 'config.json'), JSON.stringify(opened.config));
      await assert.rejects(
        openRun({ settings: { batchSize: 16 }, resume: runDir }),
        refusal(`the run in ${runDir} has batchSize 8, and cannot be resumed with 16`),
      );
      assert.ok(!existsSync(join(runDir, '.lock')));
      const resumed = await openRun({ settings: { workers: 2, batchSize: 8 }, resume: runDir });
      resumed.folder.close();
      assert.equal(resumed.config.workers, 2);
    }));

  it('says in the library’s words what contradicts', async () => {
    await assert.rejects(
      openRun({ settings: { ...SMALL, warmupEpochs: 1 } }),
      refusal('warmupEpochs 1 must be below epochs 1'),
    );
    await assert.rejects(
      openRun({ settings: SMALL, runDir: 'a', resume: 'b' }),
      refusal('runDir names the folder of a new run and cannot be used with resume'),
    );
  });
});

describe('the folder of a run without a name', () => {
  it('is another one for each of two that start in the same second', () =>
    withFolder((folder) =>
      inFolder(folder, async () => {
        const opened = await Promise.all([1, 2, 3].map(() => openRun({ settings: SMALL })));
        const names = opened.map((run) => basename(run.folder.path));
        assert.equal(new Set(names).size, 3, names.join());
        // The first one made runs/, too.
        for (const run of opened.reverse()) run.folder.close();
        assert.deepEqual(readdirSync(folder), [], 'a start that came to nothing leaves folders');
      }),
    ));
});

describe('paths of a run', () => {
  let folder = '';
  const settings: Partial<TrainConfig> = {
    ...{ ...SMALL, data: 'imagefolder', dataPath: 'images', classMap: 'map.json', exclude: 'leave.txt' },
    ...{ imageSize: 32, limitTrain: null, limitTest: null },
  };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'biasloss-paths-'));
    await drawClasses(join(folder, 'images'), ['broad', 'narrow'], 12);
    writeFileSync(join(folder, 'map.json'), JSON.stringify({ broad: 1, narrow: 0 }));
    writeFileSync(join(folder, 'leave.txt'), 'broad/0.jpeg\n');
    mkdirSync(join(folder, 'elsewhere'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('are absolute, so that it resumes from another working directory', async () => {
    const { path } = await inFolder(folder, () => trainedToEnd({ settings, runDir: 'runs/one' }));
    const kept = JSON.parse(readFileSync(join(folder, path, 'config.json'), 'utf8')) as TrainConfig;
    assert.deepEqual(
      [kept.dataPath, kept.classMap, kept.exclude],
      ['images', 'map.json', 'leave.txt'].map((name) => join(folder, name)),
    );
    const { opening } = await inFolder(join(folder, 'elsewhere'), () =>
      trainedToEnd({ settings: { epochs: 2 }, resume: '../runs/one' }),
    );
    assert.deepEqual(opening, []);
    const { data, training } = readCheckpoint(join(folder, 'runs/one/last.safetensors'));
    assert.deepEqual([data.classes, training!.progress.epoch], [['narrow', 'broad'], 2]);
  });

  it('that an older version kept relative are those beside runs/, and a notice says so', async () => {
    const run = join(folder, 'runs', 'older');
    mkdirSync(run);
    const saved = { ...TRAIN_DEFAULTS, ...settings, dataPath: join(folder, 'images') };
    writeFileSync(join(run, 'config.json'), JSON.stringify(saved));
    const events: RunEvent[] = [];
    const opened = await inFolder(join(folder, 'elsewhere'), () =>
      openRun({ settings: {}, resume: run }, (event) => events.push(event)),
    );
    opened.folder.close();
    assert.deepEqual(
      [opened.config.classMap, opened.config.exclude],
      [join(folder, 'map.json'), join(folder, 'leave.txt')],
    );
    assert.equal(events.length, 2);
    assert.match(JSON.stringify(events), /map\.json, a path of .*older, is taken as .*map\.json/);
  });

  it('that an older version kept relative and are not there are taken from the working directory', async () => {
    const run = join(folder, 'elsewhere', 'older');
    mkdirSync(run, { recursive: true });
    writeFileSync(join(run, 'config.json'), JSON.stringify({ ...TRAIN_DEFAULTS, ...settings }));
    const opened = await inFolder(folder, () => openRun({ settings: {}, resume: run }));
    opened.folder.close();
    assert.equal(opened.config.classMap, resolve(folder, 'map.json'));
  });
});

describe('the paths of a run on CIFAR', () => {
  it('include CIFAR’s own default', () =>
    withFolder((cwd) =>
      inFolder(cwd, async () => {
        const opened = await openRun({ settings: {}, runDir: 'run' });
        opened.folder.close();
        assert.equal(opened.config.dataPath, join(cwd, 'data'));
      }),
    ));
});
