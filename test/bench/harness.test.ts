import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { alternate, fastest, warmUp } from '../../bench/alternate.js';
import { compare, type Measured } from '../../bench/benchmark.js';
import { parseModel } from '../../bench/models.js';
import { benchmarkCommand, benchmarkOptions } from '../../bench/options.js';
import { imagesPerSecond, median, speedRatio } from '../../bench/statistics.js';
import { comparisonTable } from '../../bench/table.js';

function fake(name: string, seconds: number, log: string[]) {
  return {
    run: async (steps: number): Promise<number[]> => {
      log.push(`${name}${steps}`);
      return new Array<number>(steps).fill(seconds);
    },
  };
}

function measured(side: Measured['side'], precision: Measured['precision'], second: number): Measured {
  const seconds = [[second], [second]];
  const speed = imagesPerSecond(seconds, 64);
  return {
    side,
    precision,
    variant: `v${second}`,
    version: 'x',
    imagesPerSecond: speed,
    peakBytes: 2 ** 20,
    seconds,
  };
}

const workload = {
  model: 'resnet18',
  classes: 100,
  image_size: 32,
  batch: 64,
  mode: 'train',
  threads: 2,
} as const;

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
    assert.equal(await warmUp(fake('a', 0.1, [])), 10);
    assert.equal(await warmUp(fake('a', 5, [])), 2);
    assert.equal(await warmUp(fake('a', 1e-9, [])), 500);
    assert.equal(await warmUp(fake('a', 5, []), 7), 7);
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
    const lines = compare({ label: 'resnet18', workload }, sides);
    assert.deepEqual(
      lines.map(({ ours, pytorch, ratio }) => [ours?.variant, pytorch?.variant, ratio?.median]),
      [
        ['v2', 'v4', 2],
        ['v1', 'v4', 4],
        ['v1', 'v3', 3],
      ],
    );
  });

  test('one side alone still gives a line', () => {
    const alone = compare({ label: 'm', workload }, [measured('pytorch', 'f32', 1)]);
    const table = comparisonTable([
      ...alone,
      ...compare({ label: 'm', workload }, [measured('ours', 'f32', 1)]),
    ]);
    const [, rule, first, second] = table.split('\n');
    assert.match(first!, /^m +train +64 +– +– +v1 f32 +64\.0 +– +– +1$/);
    assert.match(second!, /^m +train +64 +v1 f32 +64\.0 +– +– +– +1 +–$/);
    assert.equal(first!.length, rule!.length);
  });
});

describe('command line', () => {
  const parse = (...args: string[]) =>
    benchmarkOptions(
      benchmarkCommand()
        .exitOverride()
        .configureOutput({ writeErr: () => undefined })
        .parse(args, { from: 'user' }),
    );

  test('defaults and lists', () => {
    const standard = parse();
    assert.deepEqual(standard.modes, ['train', 'eval']);
    assert.deepEqual(standard.precisions, ['f32']);
    assert.equal(standard.models.length, 5);
    const asked = parse(
      '--models',
      'shufflenetv2-0.5,skipblocknet-1.25',
      '--precision',
      'f32,bf16',
      '--no-pytorch',
    );
    assert.deepEqual(
      asked.models.map(({ workload }) => workload.ratio ?? workload.width),
      [0.5, 1.25],
    );
    assert.deepEqual(asked.precisions, ['f32', 'bf16']);
    assert.equal(asked.pytorch, false);
  });

  test('refuses what does not exist', () => {
    assert.throws(() => parse('--models', 'vgg'), /there is no model vgg/);
    assert.throws(() => parse('--models', 'resnet18-2'), /resnet18 has no ratio/);
    assert.throws(() => parse('--models', '../x'), /takes names like/);
    assert.throws(() => parse('--precision', 'f16'), /lists f32, bf16/);
    assert.throws(() => parse('--steps', '0'), /positive whole number/);
  });

  test('a model is sized as its paper has it', () => {
    assert.deepEqual(parseModel('skipblocknet').workload, {
      model: 'skipblocknet',
      classes: 1000,
      image_size: 224,
    });
  });
});
