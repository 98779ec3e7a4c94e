import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isBelowMedian } from '../../src/sweep/medianRule.js';
import { planSweep } from '../../src/sweep/plan.js';
import { SweepState } from '../../src/sweep/sweepState.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'biasloss-sweep-'));
});
after(() => rmSync(folder, { recursive: true }));

function plan(content: unknown) {
  const path = join(folder, 'lines.json');
  writeFileSync(path, JSON.stringify(content));
  return planSweep(path);
}

describe('the runs of a sweep', () => {
  it('are all combinations of configurations, values and seeds', () => {
    const { runs, recipe } = plan({
      settings: { data: 'synthetic', epochs: 3 },
      configurations: [{ loss: 'ce' }, { loss: 'bias', beta: 0.7 }],
      vary: { 'base-lr': [0.1, 0.05] },
      seeds: [0, 4],
    });
    assert.equal(recipe, undefined);
    assert.deepEqual(
      runs.map(({ name }) => name),
      [
        'loss-ce_baseLr-0.1_seed-0',
        'loss-ce_baseLr-0.1_seed-4',
        'loss-ce_baseLr-0.05_seed-0',
        'loss-ce_baseLr-0.05_seed-4',
        'loss-bias_beta-0.7_baseLr-0.1_seed-0',
        'loss-bias_beta-0.7_baseLr-0.1_seed-4',
        'loss-bias_beta-0.7_baseLr-0.05_seed-0',
        'loss-bias_beta-0.7_baseLr-0.05_seed-4',
      ],
    );
    assert.deepEqual(runs[5]!.settings, {
      data: 'synthetic',
      epochs: 3,
      loss: 'bias',
      beta: 0.7,
      baseLr: 0.1,
      seed: 4,
    });
    assert.equal(runs[5]!.epochs, 3);
  });

  it('have the epochs of their recipe', () => {
    const { runs } = plan({ recipe: 'biasloss-cifar100', vary: { beta: [0.3, 0.7] } });
    assert.deepEqual(
      runs.map(({ epochs }) => epochs),
      [160, 160],
    );
  });
});

describe('the random runs of a sweep', () => {
  it('are drawn at random where trials are asked for, the same in each call, within their ranges', () => {
    const content = {
      vary: {
        baseLr: { min: 0.001, max: 1, log: true },
        batchSize: { min: 8, max: 10, integer: true },
        loss: ['bias', 'ce'],
      },
      trials: 60,
    };
    const { runs } = plan(content);
    assert.deepEqual(plan(content).runs, runs);
    assert.notDeepEqual(plan({ ...content, searchSeed: 1 }).runs, runs);
    assert.equal(runs.length, 60);
    const rates = runs.map(({ settings }) => Number(settings.baseLr));
    assert.ok(rates.every((rate) => rate >= 0.001 && rate <= 1));
    // A third of the logarithms is below 0.01.
    const low = rates.filter((rate) => rate < 0.01).length;
    assert.ok(low > 10 && low < 30, `${low} of 60`);
    assert.deepEqual([...new Set(runs.map(({ settings }) => settings.batchSize))].sort(), [10, 8, 9]);
  });

  it('are whole numbers with evenly drawn logarithms where both are asked for', () => {
    // The rate keeps combinations apart, so that sizes that are drawn again count again.
    const vary = {
      baseLr: { min: 0.001, max: 1 },
      batchSize: { min: 1, max: 1023, log: true, integer: true },
    };
    const sizes = plan({ vary, trials: 200 }).runs.map(({ settings }) => Number(settings.batchSize));
    assert.ok(sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= 1023));
    const low = sizes.filter((size) => size < 32).length;
    assert.ok(low > 80 && low < 120, `${low} of 200 are below 32, the middle of the logarithms`);
    assert.ok([1, 2, 3].every((size) => sizes.includes(size)));
  });

  it('stay within their limits where these have more than four digits', () => {
    const vary = { baseLr: { min: 0.123451, max: 0.123459 } };
    for (const { settings } of plan({ vary, trials: 5 }).runs)
      assert.ok(Number(settings.baseLr) >= 0.123451 && Number(settings.baseLr) <= 0.123459);
  });

  it('are fewer than the trials where there are no more combinations', () => {
    assert.equal(plan({ vary: { loss: ['bias', 'ce'] }, trials: 9 }).runs.length, 2);
  });
});

describe('a sweep’s folder', () => {
  it('cannot change their settings in a folder that has them', async () => {
    const before = plan({ settings: { epochs: 3 } }).runs;
    const after = plan({ settings: { epochs: 5 } }).runs;
    await new SweepState(folder).add(before);
    await new SweepState(folder).add(before);
    await assert.rejects(
      new SweepState(folder).add(after),
      /the run seed-0 of .*sweep\.json has epochs 3, now 5: choose another folder/,
    );
  });
});

describe('a sweep’s recipe', () => {
  it('cannot change in a folder that has runs; those of older versions have none that is known', async () => {
    const place = mkdtempSync(join(folder, 'recipe-'));
    const runsWith = (recipe?: string) => plan({ recipe, settings: { epochs: 3 } }).runs;
    const state = new SweepState(place);
    await state.add(runsWith('finetune'));
    await state.set('seed-0', 'done');
    mkdirSync(join(place, 'seed-0'));
    writeFileSync(join(place, 'seed-0', 'metrics.csv'), 'epoch,test_top1\n');
    await new SweepState(place).add(runsWith('finetune'));
    for (const [recipe, now] of [
      ['biasloss-cifar100', '"biasloss-cifar100"'],
      [undefined, 'unset'],
    ] as const)
      await assert.rejects(
        new SweepState(place).add(runsWith(recipe)),
        new RegExp(
          `^UsageError: the run seed-0 of .*sweep\\.json has recipe "finetune", now ${now}: choose another`,
        ),
      );
    const path = join(place, 'sweep.json');
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"recipe": "finetune",/, ''));
    await new SweepState(place).add(runsWith());
    assert.equal(new SweepState(place).stateOf('seed-0'), 'done');
  });
});

describe('a sweep’s file', () => {
  const wrong: [content: unknown, message: RegExp][] = [
    [[], /must be a JSON object with recipe, settings/],
    [{ setings: {} }, /^setings in .*lines\.json is none of recipe,/],
    [{ vary: { baseLr: [] } }, /^baseLr of vary in .* must be a list of values, or a range/],
    [{ vary: { baseLr: { min: 0, max: 1, log: true } }, trials: 2 }, /of numbers above 0, not/],
    [
      { vary: { epochs: { min: 1.5, max: 3, integer: true } }, trials: 2 },
      /^epochs of vary in .* must be a range between whole numbers, as it has "integer": true, not/,
    ],
    [{ vary: { baseLr: { min: 0, max: 1 } } }, /must be a list of values where there are no trials to draw/],
    [{ vary: { seed: [1, 2] } }, /has a seed, which belongs in the list seeds/],
    [{ vary: { loss: ['ce'] }, configurations: [{ loss: 'bias' }] }, /has loss both in vary and in config/],
    [{ seeds: [1, 1] }, /^seeds in .* must be a list of different whole numbers, not \[1,1\]/],
    [{ trials: 0 }, /^trials in .* must be a whole number of at least 1, not 0/],
    [{ recipe: 'best' }, /recipe best does not exist/],
    [
      { vary: { epochs: [3, 'many'] } },
      /lines\.json: the run epochs-many_seed-0: epochs must be a whole number/,
    ],
    [{ settings: { alpha: 0.5 }, vary: { loss: ['ce'] } }, /the run loss-ce_seed-0: alpha has no effect/],
  ];
  for (const [content, message] of wrong)
    it(`is refused: ${JSON.stringify(content)}`, () =>
      assert.throws(
        () => plan(content),
        (error: Error & { exitCode?: number }) => {
          assert.match(error.message, message);
          assert.equal(error.exitCode, 2);
          return true;
        },
      ));
});

describe('the median rule', () => {
  const complete = [
    [10, 20, 30, 40],
    [20, 30, 40, 50],
    [30, 40, 50, 60],
  ];

  it('ends what is below the median of the same epoch, after half of the epochs', () => {
    assert.equal(isBelowMedian([10, 29], complete, 4), true);
    assert.equal(isBelowMedian([10, 30], complete, 4), false);
    assert.equal(isBelowMedian([1], complete, 4), false);
    // The best counts, not the last.
    assert.equal(isBelowMedian([35, 2], complete, 4), false);
  });

  it('needs three complete runs, and takes values that are not finite for none', () => {
    assert.equal(isBelowMedian([1, 1], complete.slice(0, 2), 4), false);
    assert.equal(isBelowMedian([Number.NaN, 1], complete, 4), true);
  });
});
