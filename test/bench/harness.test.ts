import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { alternate, fastest, warmUp } from '../../bench/alternate.js';
import { type Case, compare } from '../../bench/benchmark.js';
import { machine } from '../../bench/machine.js';
import { parseModel } from '../../bench/models.js';
import { commandLine } from '../../bench/options.js';
import { DEFAULT_PYTHONS } from '../../bench/parsing.js';
import { type ModelsOptions, modelCases, type ValidateOptions, validateCases } from '../../bench/plans.js';
import { reportText } from '../../bench/report.js';
import { imagesPerSecond, median, speedRatio } from '../../bench/statistics.js';
import { comparisonTable } from '../../bench/table.js';
import { lines, measured, pythons, workload } from './measured.js';

function fake(name: string, seconds: number, log: string[]) {
  return {
    run: async (steps: number): Promise<number[]> => {
      log.push(`${name}${steps}`);
      return new Array<number>(steps).fill(seconds);
    },
  };
}

describe('timing', () => {
  test('blocks alternate, each with its own number of steps', async () => {
    const log: string[] = [];
    const entrants = [
      { candidate: fake('a', 1, log), steps: 2 },
      { candidate: fake('b', 2, log), steps: 1 },
    ];
    const results = await alternate(entrants, 3);
    assert.deepEqual(log, ['a2', 'b1', 'a2', 'b1', 'a2', 'b1']);
    assert.deepEqual(results, [
      [
        [1, 1],
        [1, 1],
        [1, 1],
      ],
      [[2], [2], [2]],
    ]);
    assert.equal(fastest(results), 0);
  });

  test('a block lasts about a second unless its steps are given', async () => {
    assert.deepEqual(await warmUp(fake('a', 0.1, [])), { steps: 10, seconds: 0.1 });
    assert.deepEqual(await warmUp(fake('a', 5, [])), { steps: 2, seconds: 5 });
    assert.deepEqual(await warmUp(fake('a', 1e-9, [])), { steps: 500, seconds: 1e-9 });
    assert.deepEqual(await warmUp(fake('a', 5, []), 7), { steps: 7, seconds: 5 });
  });
});

describe('statistics', () => {
  test('median of odd and even counts', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.throws(() => median([]), /median of nothing/);
  });

  test('images a second and ratios are taken round by round', () => {
    const ours = [[0.5, 0.5, 9], [0.25]];
    assert.deepEqual(imagesPerSecond(ours, 64), { median: 192, min: 128, max: 256 });
    assert.deepEqual(speedRatio(ours, [[1], [1]]), { median: 3, min: 2, max: 4 });
  });
});

describe('comparison', () => {
  test('stands beside the faster layout of each precision, bf16 also beside f32', () => {
    const sides = [
      measured('ours', 'f32', 2),
      measured('ours', 'bf16', 1),
      measured('pytorch', 'f32', 6),
      measured('pytorch', 'f32', 4),
      measured('pytorch', 'bf16', 3),
    ];
    assert.deepEqual(
      compare({ label: 'resnet18', workload, lines }, sides).map(({ ours, pytorch, ratio }) => [
        ours?.variant,
        pytorch?.variant,
        ratio?.median,
      ]),
      [
        ['v2', 'v4', 2],
        ['v1', 'v4', 4],
        ['v1', 'v3', 3],
      ],
    );
  });

  test('batch 1 in evaluation is also told as latency', () => {
    const one = { label: 'm', workload: { ...workload, mode: 'eval', batch: 1 }, lines } as const;
    const comparisons = compare(one, [measured('ours', 'f32', 0.64), measured('pytorch', 'f32', 1.28)]);
    const report = { machine: machine(), busy: 0.5, comparisons, failures: ['this, that'] };
    const text = reportText(report);
    assert.match(text, /\nlatency of m, threads 2: ours f32 10\.0 ms, PyTorch f32 20\.0 ms\n/);
    assert.match(text, /\nwarning: other processes took up to 50% /);
    assert.match(text, /\nfailed: this, that\n$/);
    assert.doesNotMatch(reportText({ ...report, busy: 0.05, failures: [] }), /warning|failed/);
  });

  test('one side alone still gives a line', () => {
    const alone = compare({ label: 'm', workload, lines }, [measured('pytorch', 'f32', 1)]);
    const table = comparisonTable([
      ...alone,
      ...compare({ label: 'm', workload, lines }, [measured('ours', 'f32', 1)]),
    ]);
    const [, rule, first, second] = table.split('\n');
    assert.match(first!, /^m +train +64 +2 +– +– +f32 v1 +64\.0 +– +– +1$/);
    assert.match(second!, /^m +train +64 +2 +f32 v1 +64\.0 +– +– +– +1 +–$/);
    assert.equal(first!.length, rule!.length);
  });
});

async function parse(...args: string[]): Promise<ModelsOptions | ValidateOptions> {
  let parsed: ModelsOptions | ValidateOptions | undefined;
  const keep = (options: ModelsOptions | ValidateOptions): void => {
    parsed = options;
  };
  const nothing = (): void => undefined;
  const others = {
    ops: nothing,
    families: nothing,
    int8: nothing,
    loader: nothing,
    decode: nothing,
    busy: nothing,
    cuda: nothing,
    page: nothing,
    finetune: nothing,
    ranks: nothing,
    network: nothing,
    cost: nothing,
  };
  const program = commandLine({ models: keep, validate: keep, ...others });
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  }
  await program.parseAsync(args, { from: 'user' });
  return parsed!;
}

async function cases(...args: string[]): Promise<Case[]> {
  const options = await parse(...args);
  const peers = { pythons };
  return 'models' in options ? modelCases(options, peers) : validateCases(options, peers);
}

describe('command line', () => {
  test('by default every model in both modes', async () => {
    const standard = await cases();
    assert.equal(standard.length, 10);
    assert.deepEqual(standard[0]?.workload, { ...workload, threads: availableParallelism() });
    assert.deepEqual(standard.at(-1)?.workload.batch, 32);
  });

  test('models, batch, precisions and sides as asked', async () => {
    const asked = await cases(
      ...['--models', 'shufflenetv2-0.5,skipblocknet-1.25', '--modes', 'eval', '--batch', '8'],
      ...['--precision', 'f32,bf16', '--no-pytorch'],
    );
    assert.deepEqual(
      asked.map((one) => [one.workload.ratio ?? one.workload.width, one.workload.mode, one.workload.batch]),
      [
        [0.5, 'eval', 8],
        [1.25, 'eval', 8],
      ],
    );
    assert.deepEqual(asked[0]?.precisions, ['f32', 'bf16']);
    assert.equal(asked[0]?.ours, true);
  });

  test('interpreters are named one after the other', async () => {
    assert.deepEqual((await parse('--pytorch', 'a', '--pytorch', 'b')).pytorch, ['a', 'b']);
    assert.deepEqual((await parse()).pytorch, DEFAULT_PYTHONS);
    assert.equal((await parse('--no-pytorch')).pytorch, false);
  });

  test('validate goes from files to latency', async () => {
    const all = await cases('validate', '--data', 'images', '--threads', '2');
    assert.deepEqual(
      all.map(({ workload: { mode, batch, threads, data } }) => [mode, batch, threads, data]),
      [
        ['validate', 32, 2, 'images'],
        ['eval', 32, 2, undefined],
        ['eval', 1, 2, undefined],
        ['eval', 1, 1, undefined],
      ],
    );
  });

  test('refuses what does not exist', async () => {
    await assert.rejects(parse('--models', 'vgg'), /there is no model vgg/);
    await assert.rejects(parse('--models', 'resnet18-2'), /resnet18 has no hyperparameter that could be 2/);
    await assert.rejects(parse('--models', '../x'), /takes names like/);
    await assert.rejects(parse('--precision', 'f16'), /lists f32, bf16/);
    await assert.rejects(parse('--steps', '0'), /positive whole number/);
    await assert.rejects(parse('validate'), /--data/);
  });

  test('a model is sized as its paper has it', () => {
    assert.deepEqual(parseModel('skipblocknet').workload, {
      model: 'skipblocknet',
      classes: 1000,
      image_size: 224,
    });
  });
});
