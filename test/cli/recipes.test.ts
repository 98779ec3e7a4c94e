import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, eventsOf, TRAIN_SMALL } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const TRAIN = [...TRAIN_SMALL];

const shared = new SharedProcess();
after(() => shared.close());

const configOf = (folder: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));

/** Flags, the exit code and what standard error says. */
const WRONG: [args: string[], code: number, message: RegExp][] = [
  [
    ['--class-weights=two.json'],
    1,
    /^error: .*two\.json has 2 class weights, but the data has 10 classes\n$/,
  ],
  [['--class-weights=none.json'], 1, /^error: the class weights .*none\.json cannot be read: ENOENT/],
  [['--teacher=two.json'], 1, /^error: .*two\.json/],
  [
    ['--teacher=x.pth', '--distill-weight=0'],
    2,
    /^error: --distill-weight must be a number above 0 and up to 1, not 0\n$/,
  ],
  [['--temperature=2'], 2, /^error: --temperature has no effect without --teacher\n$/],
  [['--distill-weight=0.5'], 2, /^error: --distill-weight has no effect without --teacher\n$/],
  [['--optimizer=adam'], 2, /'adam' is invalid\. .* Did you mean adamw\?\n$/],
  [
    ['--optimizer=adamw', '--betas', '0.9'],
    2,
    /^error: --betas must be two numbers from 0 to below 1, not \[0\.9\]\n$/,
  ],
  [['--optimizer=adamw', '--nesterov'], 2, /^error: --nesterov has no effect with --optimizer adamw/],
  [
    ['--schedule=onecycle', '--warmup-epochs=1'],
    2,
    /^error: --warmup-epochs has no effect with --schedule onecycle/,
  ],
  [
    ['--patience=2', '--patience-metric=ema-top1'],
    2,
    /^error: --patience-metric ema-top1 needs --ema-decay\n$/,
  ],
  [['--patience-metric=top1'], 2, /^error: --patience-metric has no effect without --patience\n$/],
  [['--ema-decay=1'], 2, /^error: --ema-decay must be a number above 0 and below 1, not 1\n$/],
  [['--schedule=step'], 2, /'step' is invalid/],
  [['--pct-start=0.5'], 2, /^error: --pct-start has no effect with --schedule multistep/],
  [['--loss=ce', '--focal-gamma=1'], 2, /^error: --focal-gamma has no effect with --loss ce/],
];

describe('biasloss train with other optimisers and losses', () => {
  it('takes an optimiser with its own learning rate, a cycle, and a balanced focal loss; and a teacher', () =>
    withFolder(async (cwd) => {
      const recipe = [
        '--optimizer=adamw',
        '--schedule=onecycle',
        '--loss=focal',
        '--class-weights=balanced',
        '--balanced-sampler',
        '--no-decay-bias-norm',
        '--label-smoothing=0.1',
      ];
      const first = await biasloss(
        [...TRAIN, ...recipe, '--epochs=2', '--run-dir=teacher', '--log-format=json'],
        { cwd },
      );
      assert.equal(first.stderr, '');
      assert.equal(first.code, 0);
      const { baseLr, weightDecay, decayBiasNorm, classWeights } = configOf(join(cwd, 'teacher'));
      assert.deepEqual([baseLr, weightDecay, decayBiasNorm, classWeights], [0.001, 0.01, false, 'balanced']);
      const rates = eventsOf(first.stdout).flatMap(({ event, learning_rate }) =>
        event === 'epoch' ? [Number(learning_rate)] : [],
      );
      assert.ok(rates[0]! > 5e-4 && rates[1]! < 1e-5, `${rates}`);
      const second = await biasloss(
        [
          ...TRAIN,
          '--epochs=1',
          '--run-dir=student',
          '--teacher=teacher/last.safetensors',
          '--temperature=2',
        ],
        { cwd },
      );
      assert.equal(second.stderr, '');
      assert.equal(second.code, 0);
      assert.equal(configOf(join(cwd, 'student')).teacher, join(cwd, 'teacher', 'last.safetensors'));
    }));
});

describe('biasloss train with averages and patience', () => {
  it('keeps averaged weights, and ends early', () =>
    withFolder(async (cwd) => {
      const stalls = ['--base-lr=0', '--ema-decay=0.9', '--patience=1', '--epochs=20', '--run-dir=run'];
      const first = await biasloss([...TRAIN, ...stalls], { cwd });
      assert.equal(first.code, 0, first.stderr);
      assert.match(first.stdout, /averaged top-1 \d/);
      assert.match(first.stdout, /\nstopped after epoch \d+: no better test top-1 for 1 epoch\n/);
      const rows = (): string[] =>
        readFileSync(join(cwd, 'run', 'metrics.csv'), 'utf8')
          .trim()
          .split('\n');
      assert.match(rows()[0]!, /,ema_cross_entropy,ema_top1,ema_top5$/);
      const before = rows().length;
      assert.ok(before >= 3 && before < 21, `${before} rows`);
      const more = ['train', '--resume=run', '--patience=2', '--no-report'];
      assert.equal((await biasloss(more, { cwd })).code, 0);
      assert.ok(rows().length > before);
      assert.ok(existsSync(join(cwd, 'run', 'best-ema.safetensors')));
    }));

  it('refuses what is wrong in a sentence', () =>
    withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'two.json'), '[1, 2]');
      for (const [args, code, message] of WRONG) {
        const ended = await shared.run([...TRAIN, '--epochs=1', '--run-dir=run', ...args], cwd);
        assert.match(ended.stderr, message);
        assert.equal(ended.code, code, args.join(' '));
      }
    }));
});
