import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, SMALL } from './fixtures/process.js';

const TRAIN = ['train', ...SMALL, '--no-report'];
const AUGMENTED = ['--auto-augment=ra', '--random-erase=0.3', '--greyscale=0.2', '--colour-jitter=0.2'];
const MIXED = ['--mixup=0.4', '--cutmix=1'];

/** Columns of a run's metrics that do not depend on the time. */
function figuresOf(folder: string): string[] {
  const rows = readFileSync(join(folder, 'metrics.csv'), 'utf8').trim().split('\n');
  const names = rows[0]!.split(',');
  const kept = names.flatMap((name, i) => (/second|wait/.test(name) ? [] : [i]));
  return rows.map((row) => kept.map((i) => row.split(',')[i]).join());
}

describe('biasloss train --mixup --cutmix', () => {
  it('is resumed in mid-epoch bit for bit, with augmentation, over the end of mixing', () =>
    withFolder(async (cwd) => {
      const flags = [...TRAIN, ...AUGMENTED, ...MIXED, '--mixup-off-epoch=2', '--epochs=3'];
      const whole = await biasloss([...flags, '--run-dir=whole'], { cwd });
      assert.equal(whole.code, 0, whole.stderr);
      let interrupts = 0;
      const broken = await biasloss([...flags, '--run-dir=broken', '--log-format=json', '--log-freq=1'], {
        cwd,
        onOutput: (stdout, child) => {
          // In the second epoch, whose batches are mixed, too.
          if (/"phase":"train","epoch":2,"step":1/.test(stdout) && interrupts++ === 0) child.kill('SIGINT');
        },
      });
      assert.notEqual(broken.code, 0);
      const resumed = await biasloss(['train', '--resume=broken'], { cwd });
      assert.equal(resumed.code, 0, resumed.stderr);
      assert.deepEqual(figuresOf(join(cwd, 'broken')), figuresOf(join(cwd, 'whole')));
      const tensors = (run: string): Buffer => {
        const bytes = readFileSync(join(cwd, run, 'last.safetensors'));
        return bytes.subarray(8 + Number(bytes.readBigUInt64LE(0)));
      };
      assert.ok(tensors('broken').equals(tensors('whole')));
    }));

  it('changes what is trained, each of the two', () =>
    withFolder(async (cwd) => {
      const short = [...TRAIN, '--epochs=1', '--limit-train=32'];
      const found = new Set<string>();
      for (const flag of ['--mixup=0', '--mixup=1', '--cutmix=1']) {
        const run = `run${flag.slice(2)}`;
        const { code, stderr } = await biasloss([...short, flag, `--run-dir=${run}`], { cwd });
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
      const { code, stderr } = await biasloss([...TRAIN, ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
});
