import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { measureLoading } from '../../bench/cuda/loading.js';
import { measureOurs, type OurFigures } from '../../bench/cuda/ours.js';
import { argumentsFor, bestOf, parseFigures, readFigures } from '../../bench/cuda/pytorch.js';
import { type CudaOptions, reportOf } from '../../bench/cuda/run.js';
import { comparisonTable, loadingText, peaksText, profileTable } from '../../bench/cuda/tables.js';
import { nameOf, workloadsOf } from '../../bench/cuda/workload.js';
import { commandLine } from '../../bench/options.js';
import { prelude } from '../../src/engines/cuda/kernels/prelude.js';
import { measurePeaks } from '../../src/engines/cuda/peaks.js';
import type { MachinePeaks, ProfileEntry } from '../../src/engines/engine.js';
import { startThreadEngine } from '../../src/engines/host/threadEngine.js';
import { openEmulator, withoutEmulator } from '../engines/cuda/emulator/device.js';
import { TinyModel, withFolder } from '../train/fixtures/tiny.js';

async function parse(...args: string[]): Promise<CudaOptions> {
  let parsed: CudaOptions | undefined;
  const nothing = (): void => undefined;
  const others = {
    models: nothing,
    families: nothing,
    int8: nothing,
    validate: nothing,
    ops: nothing,
    loader: nothing,
    decode: nothing,
    busy: nothing,
    finetune: nothing,
  };
  const rest = { page: nothing, ranks: nothing, network: nothing, cost: nothing };
  const keep = (options: CudaOptions): void => {
    parsed = options;
  };
  const program = commandLine({ ...others, ...rest, cuda: keep });
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['cuda', ...args], { from: 'user' });
  return parsed!;
}

const lines = [
  '{"ceilings": {"copy_tb_s": 4.2}, "device": "NVIDIA X", "torch": "2.11.0", "cudnn": 91900}',
  '{"label": "resnet18", "batch": 128, "mode": "train", "variant": "compile", "precision": "bf16", "ms": 4, "loss": 1}',
  '{"label": "resnet18", "batch": 128, "mode": "train", "variant": "eager+graph", "precision": "bf16", "ms": 3, "loss": 1}',
  '{"label": "resnet18", "batch": 128, "mode": "train", "variant": "compile", "precision": "f32", "ms": 1, "loss": 1}',
  '{"note": "resnet18: freezing failed"}',
  '{"error": "densenet121 128 eager: stopped after 7 s"}',
];

const step = { label: 'resnet18', batch: 128, mode: 'train', precision: 'bf16' } as const;

function entry(operation: string, milliseconds: number, rest: Partial<ProfileEntry> = {}): ProfileEntry {
  const work = { flops: 0, bytes: 1e9, precision: 'bf16' } as const;
  const about = { detail: '', implementation: 'generated kernel' };
  return { operation, milliseconds, ...work, ...about, ...rest };
}

const ours: OurFigures = {
  milliseconds: { median: 1.5, min: 1.25, max: 2 },
  runMilliseconds: 2,
  compileSeconds: 3,
  description: '2 steps',
  loss: 1,
  profile: [
    entry('batchNormTrain', 1, { phase: 'forward' }),
    entry('conv2d', 2, { phase: 'forward', implementation: 'cuDNN eng45', flops: 1e12 }),
    entry('batchNormTrain', 1, { phase: 'forward' }),
  ],
};
const peaks: MachinePeaks = { f32: 5e13, bf16: 5e14, memory: 2e12, copy: 4e12 };

describe('the options of bench cuda', () => {
  test('by default all models and both batches in bf16; larger images have a batch of their own', async () => {
    const names = workloadsOf(await parse()).map(nameOf);
    assert.equal(names.length, 18);
    assert.deepEqual(names.slice(0, 3), [
      'resnet18/128/train/bf16',
      'resnet18/512/train/bf16',
      'densenet121/128/train/bf16',
    ]);
    assert.equal(names.at(-1), 'skipblocknet/128/eval/bf16');
  });

  test('takes models, batches and precisions, and hands them to PyTorch', async () => {
    const asked = await parse(
      ...['--models', 'shufflenetv2-0.5,skipblocknet', '--batches', '4,8', '--large-batch', '2'],
      ...['--modes', 'eval', '--precision', 'f32,bf16', '--no-checks', '--no-profile', '--no-loading'],
    );
    assert.deepEqual(
      [asked.checks, asked.profile, asked.loading, asked.pytorch !== false],
      [false, false, false, true],
    );
    assert.equal(
      workloadsOf(asked).map(nameOf).join(' '),
      [
        ...['shufflenetv2-0.5/4/eval/f32', 'shufflenetv2-0.5/8/eval/f32', 'skipblocknet/2/eval/f32'],
        ...['shufflenetv2-0.5/4/eval/bf16', 'shufflenetv2-0.5/8/eval/bf16', 'skipblocknet/2/eval/bf16'],
      ].join(' '),
    );
    const args = argumentsFor(asked, 'f32').join(' ');
    assert.match(
      args,
      /--only shufflenetv2-0.5,skipblocknet --batches 4,8 --large-batch 2 --modes eval --precision f32/,
    );
    await assert.rejects(parse('--seconds', '0'), /number above 0/);
    await assert.rejects(parse('--batches', '0'), /positive whole number/);
  });
});

describe('PyTorch’s figures', () => {
  test('reads the lines: the fastest way of a step, errors, versions', () => {
    const found = parseFigures(lines.join('\n'), 'x');
    assert.equal(found.version, 'NVIDIA X, PyTorch 2.11.0, cuDNN 91900');
    assert.deepEqual(found.errors, ['densenet121 128 eager: stopped after 7 s']);
    assert.equal(bestOf(found, step)?.variant, 'eager+graph');
    assert.equal(bestOf(found, { ...step, precision: 'f32' })?.ms, 1);
    assert.equal(bestOf(found, { ...step, batch: 512 }), undefined);
  });

  test('refuses a file of something else in a sentence', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'torch.jsonl');
      assert.throws(() => readFigures(path), /torch\.jsonl cannot be read: it should hold the lines of /);
      writeFileSync(path, `${lines[0]}\n[1]\n`);
      assert.throws(() => readFigures(path), /torch\.jsonl, line 2: not a line of bench\/pytorch\/cuda\.py$/);
      writeFileSync(path, lines.join('\n'));
      assert.equal(readFigures(path).figures.length, 3);
    }));
});

describe('the tables of bench cuda', () => {
  test('compares with PyTorch’s fastest way', () => {
    const pytorch = bestOf(parseFigures(lines.join('\n'), 'x'), step);
    const [, , first, second] = comparisonTable([
      { workload: step, ours, pytorch },
      { workload: step, ours: undefined, pytorch: undefined },
    ]).split('\n');
    const cells = '1.50 (1.25–2.00) | 85333 | 3.00 | eager+graph | 42667 | 2.00 | 2.00';
    assert.equal(first, `| resnet18 | 128 | train | bf16 | ${cells} |`);
    assert.match(second!, /^\| resnet18 \| 128 \| train \| bf16( \| –){7} \|$/);
  });

  test('says how fast a training is with its loader', () =>
    assert.equal(
      loadingText(step, { perSecond: 51_234.4, waited: 0.034, processorMs: 0.0456 }),
      'resnet18/128/train/bf16 with loading: 51234 images/s, 3% of the time waiting for batches, 0.046 ms of processor time an image',
    ));

  test('sums the parts of a step, beside the card’s peaks', () => {
    assert.equal(
      peaksText(peaks),
      'products f32 50.0 TFLOP/s, bf16 500 TFLOP/s; memory 4.00 TB/s copying, 2.00 TB/s in place',
    );
    const [title, , , , first, second, all] = profileTable(step, ours, peaks).split('\n');
    assert.match(
      title!,
      /^resnet18\/128\/train\/bf16: 1\.50 ms; .* one by one 4\.00 ms, at the card's peaks 3\.00 ms$/,
    );
    assert.equal(first, '| forward batchNormTrain | 2 | 2.000 | 50% | 1.00 | 0.00 | 50% | memory |');
    assert.equal(second, '| forward conv2d, cuDNN | 1 | 2.000 | 50% | 0.50 | 500 | 100% | compute |');
    assert.match(all!, /^\| all \| 3 \| 4\.000 \| 100% \|/);
  });

  test('reports what failed on either side', () => {
    const workload = { ...step, model: new TinyModel() };
    const torch = parseFigures(lines.join('\n'), 'x');
    const text = reportOf(
      [
        { workload, ours },
        { workload, ours: undefined },
      ],
      torch,
      peaks,
      true,
    );
    assert.match(text, /PyTorch: densenet121 128 eager: stopped after 7 s/);
    assert.equal(text.match(/one by one/g)?.length, 1);
    assert.doesNotMatch(reportOf([{ workload, ours }], torch, peaks, false), /one by one/);
  });
});

describe('bench cuda on an emulated device', { skip: withoutEmulator() }, () => {
  for (const mode of ['train', 'eval'] as const)
    test(`measures a step and its parts: ${mode}`, async () => {
      const device = openEmulator({ prelude });
      const workload = { label: 'tiny', model: new TinyModel(), batch: 4, mode, precision: 'bf16' } as const;
      const found = await measureOurs(device, workload, 0.01);
      device.close();
      const { milliseconds, runMilliseconds, profile, loss } = found;
      assert.ok(milliseconds.min > 0 && milliseconds.max < 10_000 && runMilliseconds > 0);
      assert.ok(profile.some(({ operation }) => operation.startsWith('conv2d')));
      assert.equal(
        profile.some(({ phase }) => phase === 'update'),
        mode === 'train',
      );
      assert.equal(loss === undefined, mode === 'eval');
    });

  test('measures a training with its loader', async () => {
    const start = () =>
      startThreadEngine(
        {
          name: 'emulated CUDA',
          module: new URL('../engines/cuda/fixtures/emulatedBackend.js', import.meta.url),
        },
        { threads: 1, precision: 'f32', choices: {} },
      );
    const workload = {
      label: 'tiny',
      model: new TinyModel(),
      batch: 4,
      mode: 'train',
      precision: 'f32',
    } as const;
    const rate = await measureLoading(start, workload, 0.2);
    assert.ok(rate.perSecond > 1 && rate.perSecond < 1e6, `${rate.perSecond}`);
    assert.ok(rate.waited >= 0 && rate.waited < 1 && rate.processorMs > 0);
  });

  test('measures the peaks', async () => {
    const device = openEmulator({ prelude });
    const found = await measurePeaks(device, { bytes: 100_000, rows: 16, runs: 2 });
    device.close();
    for (const rate of [found.f32, found.bf16!, found.memory, found.copy])
      assert.ok(rate > 1e4 && rate < 1e14, `${rate}`);
  });
});
