import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createEngine } from '../../src/engines/createEngine.js';
import { UserError } from '../../src/errors.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss } from './fixtures/process.js';

const SMALL = [
  'profile',
  '--model=shufflenetv2',
  '--ratio=0.5',
  '--batch-size=4',
  '--steps=2',
  '--threads=1',
];

/** Skips the test where oneDNN is missing, and says why. */
async function needsOneDnn(t: TestContext): Promise<boolean> {
  try {
    await (await createEngine('onednn', { threads: 1 })).close();
    return true;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    t.skip(error.message);
    return false;
  }
}

describe('biasloss profile', () => {
  const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [['profile'], /required option '--model <name>' not specified/],
    [['profile', '--model=resnet'], /Did you mean resnet18\?/],
    [['profile', '--model=resnet18', '--mode=test'], /must be one of train, eval/],
    [['profile', '--model=resnet18', '--steps=0'], /whole number of at least 1/],
    [['profile', '--model=resnet18', '--loss=mse'], /must be one of bias, ce/],
    [
      ['profile', '--model=resnet18', '--out=p.png'],
      /^error: --out takes the name of a \.svg file, not p\.png\n$/,
    ],
    [['profile', '--model=shufflenetv2', '--ratio=3'], /the ratio 0\.5, 1, 1\.5, 2, not 3/],
  ];
  for (const [args, message] of cases)
    it(`refuses ${args.slice(1).join(' ') || 'no model'}`, async () => {
      const { code, stderr, stdout } = await biasloss(args);
      assert.match(stderr, message);
      assert.deepEqual([code, stdout], [2, '']);
    });

  it('says which engine it needs and how to install it, in one sentence', () =>
    withFolder(async (folder) => {
      const { code, stderr } = await biasloss([...SMALL, '--engine=onnx'], { cwd: folder });
      assert.equal(code, 1);
      assert.match(
        stderr,
        /^error: the onnx engine does not time its primitives: profile needs an NVIDIA GPU or oneDNN.*libdnnl2.*\n$/,
      );
    }));
});

describe('biasloss profile on oneDNN', () => {
  it('says in a record that convolutions are measured, once', async (t) => {
    if (!(await needsOneDnn(t))) return;
    await withFolder(async (folder) => {
      const shell = (tune: string): string => `BIASLOSS_TUNE=${tune} XDG_CACHE_HOME=. "$@"`;
      const args = [...SMALL, '--engine=onednn', '--mode=eval', '--log-format=json'];
      // Kept for good, however busy the machine is.
      const first = await biasloss(args, { cwd: folder, shell: shell('refresh') });
      assert.equal(first.code, 0, first.stderr);
      const records = first.stderr.trim().split('\n');
      const total = /"of_convolutions":(\d+)\}$/.exec(records[0]!)?.[1];
      assert.equal(records[0], `{"event":"measuring","convolutions":0,"of_convolutions":${total}}`);
      const second = await biasloss(args, { cwd: folder, shell: shell('on') });
      assert.deepEqual([second.code, second.stderr], [0, '']);
    });
  });

  it('prints a record of the step as JSON and writes the image', async (t) => {
    if (!(await needsOneDnn(t))) return;
    await withFolder(async (folder) => {
      const args = [...SMALL, '--engine=onednn', '--log-format=json', '--out=sub/p.svg'];
      const { code, stdout, stderr } = await biasloss(args, { cwd: folder });
      assert.deepEqual([code, stderr], [0, '']);
      const record: ProfileJson = JSON.parse(stdout);
      assert.equal(stdout.split('\n').length, 2);
      checkRecord(record);
      assert.match(readFileSync(join(folder, 'sub/p.svg'), 'utf8'), /^<svg .*<\/svg>\n$/s);
    });
  });

  it('prints tables of an evaluation, and names the image', async (t) => {
    if (!(await needsOneDnn(t))) return;
    await withFolder(async (folder) => {
      const args = [...SMALL, '--engine=onednn', '--mode=eval', '--top=3'];
      const { code, stdout } = await biasloss(args, { cwd: folder });
      assert.equal(code, 0);
      for (const part of [/measured peaks: f32 \d+ GFLOP\/s/, /the 3 longest primitives/, /^note: /m])
        assert.match(stdout, part);
      assert.doesNotMatch(stdout, /backward|NaN|undefined/);
      const image = /image: (.*)/.exec(stdout)![1]!;
      assert.equal(image, 'profile-shufflenetv2-0.5-eval-f32.svg');
      assert.ok(existsSync(join(folder, image)));
    });
  });

  it('says when the image cannot be written', async (t) => {
    if (!(await needsOneDnn(t))) return;
    await withFolder(async (folder) => {
      mkdirSync(join(folder, 'taken.svg'));
      const args = [...SMALL, '--engine=onednn', '--mode=eval', '--out=taken.svg'];
      const { code, stderr } = await biasloss(args, { cwd: folder });
      assert.equal(code, 1);
      assert.match(stderr, /error: the image taken\.svg cannot be written: /);
    });
  });
});

interface ProfileJson {
  readonly event: string;
  readonly model: string;
  readonly count: number;
  readonly ms: number;
  readonly share_of_peak: number;
  readonly step_ms: number;
  readonly peaks: Readonly<Record<string, number | null>>;
  readonly phases: readonly { readonly phase: string; readonly ms: number }[];
  readonly groups: readonly { readonly ms: number; readonly count: number }[];
  readonly primitives: readonly { readonly detail: string; readonly flops: number }[];
}

function checkRecord(record: ProfileJson): void {
  assert.deepEqual([record.event, record.model], ['profile', 'shufflenetv2-0.5']);
  for (const name of ['f32', 'memory', 'copy']) assert.ok(record.peaks[name]! > 1e8, name);
  assert.deepEqual(
    record.phases.map(({ phase }) => phase),
    ['forward', 'backward', 'update'],
  );
  const sum = (rows: readonly { readonly ms: number }[]): number =>
    rows.reduce((total, { ms }) => total + ms, 0);
  for (const rows of [record.phases, record.groups])
    assert.ok(Math.abs(sum(rows) - record.ms) < 1e-3 * record.ms, `${sum(rows)} of ${record.ms}`);
  assert.equal(record.primitives.length, record.count);
  assert.ok(record.share_of_peak > 0 && record.share_of_peak <= 1);
  assert.ok(record.step_ms > 0);
  // conv5 of shufflenetv2 0.5: 192 → 1024 channels on 4×4, 4 images.
  const conv5 = record.primitives.find(({ detail }) =>
    /^convolution training .*\[1024,192,1,1\]/.test(detail),
  );
  assert.equal(conv5?.flops, 2 * 4 * 1024 * 4 * 4 * 192);
}
