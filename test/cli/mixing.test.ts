import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, eventsOf, TRAIN_QUICK } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const TRAIN = [...TRAIN_QUICK];

const shared = new SharedProcess();
after(() => shared.close());
const AUGMENTED = ['--auto-augment=ra', '--random-erase=0.3', '--greyscale=0.2', '--colour-jitter=0.2'];
const MIXED = ['--mixup=0.4', '--cutmix=1'];
/** What else a run keeps from step to step, and from epoch to epoch. */
const KEPT = ['--optimizer=adamw', '--base-lr=0.001', '--ema-decay=0.9', '--patience=2'];

/** Columns of a run's metrics that do not depend on the time. */
function figuresOf(folder: string): string[] {
  const rows = readFileSync(join(folder, 'metrics.csv'), 'utf8').trim().split('\n');
  const names = rows[0]!.split(',');
  const kept = names.flatMap((name, i) => (/second|wait/.test(name) ? [] : [i]));
  return rows.map((row) => kept.map((i) => row.split(',')[i]).join());
}

/** Runs, and interrupts when the output first has the text. */
async function interrupted(cwd: string, args: readonly string[], text: string): Promise<void> {
  let sent = false;
  const { code, stdout } = await biasloss([...args, '--log-format=json'], {
    cwd,
    onOutput: (output, child) => {
      if (sent || !output.includes(text)) return;
      sent = true;
      child.kill('SIGINT');
    },
  });
  assert.equal(code, 130);
  assert.equal(eventsOf(stdout).at(-1)!.event, 'interrupted');
}

describe('biasloss train --mixup --cutmix', () => {
  it('is resumed bit for bit, with augmentation, AdamW, averages and patience, while images are mixed and after', () =>
    withFolder(async (cwd) => {
      const flags = [...TRAIN, ...AUGMENTED, ...MIXED, ...KEPT, '--mixup-off-epoch=1', '--epochs=2'];
      const whole = await biasloss([...flags, '--run-dir=whole'], { cwd });
      assert.equal(whole.code, 0, whole.stderr);
      await interrupted(cwd, [...flags, '--run-dir=broken'], '"event":"checkpoint"');
      await interrupted(cwd, ['train', '--resume=broken', '--no-report'], '"event":"epoch"');
      const resumed = await biasloss(['train', '--resume=broken', '--no-report'], { cwd });
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.deepEqual(figuresOf(join(cwd, 'broken')), figuresOf(join(cwd, 'whole')));
      for (const file of ['last.safetensors', 'best-ema.safetensors']) {
        const tensorsOf = (run: string) => readCheckpoint(join(cwd, run, file)).tensors;
        assert.deepEqual(tensorsOf('broken'), tensorsOf('whole'));
      }
    }));

  it('changes what is trained, each of the two', () =>
    withFolder(async (cwd) => {
      const short = [...TRAIN, '--epochs=1', '--limit-train=32'];
      const found = new Set<string>();
      for (const flag of ['--mixup=0', '--mixup=1', '--cutmix=1']) {
        const run = `run${flag.slice(2)}`;
        const { code, stderr } = await shared.run([...short, flag, `--run-dir=${run}`], cwd);
        assert.equal(code, 0, stderr);
        found.add(figuresOf(join(cwd, run))[1]!);
      }
      assert.equal(found.size, 3);
    }));

  const wrong: [args: string[], message: RegExp][] = [
    [['--mixup=-1'], /--mixup must be a number of at least 0, not -1\n$/],
    [['--mixup-off-epoch=1'], /--mixup-off-epoch has no effect without --mixup or --cutmix\n$/],
    [
      ['--cutmix=1', '--mixup-off-epoch=0'],
      /--mixup-off-epoch must be a whole number of at least 1, not 0\n$/,
    ],
    [['--cutmix=1', '--epochs=3', '--mixup-off-epoch=3'], /--mixup-off-epoch 3 must be below --epochs 3\n$/],
    [
      ['--cutmix=1', '--batch-size=1'],
      /--cutmix has no effect with --batch-size 1: it mixes the images of a batch\n$/,
    ],
  ];
  for (const [args, message] of wrong)
    it(`refuses ${args.join(' ')}`, async () => {
      const { code, stderr } = await shared.run([...TRAIN, ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
});
