import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flagOf } from '../../src/cli/flagNames.js';
import { SettingError } from '../../src/errors.js';
import { checkTrainSettings } from '../../src/runs/settings/checkSettings.js';
import { checkEffects, overridden } from '../../src/runs/settings/effects.js';
import { optimizerDefaults } from '../../src/runs/settings/optimizer.js';
import { RECIPES } from '../../src/runs/settings/recipes.js';
import { SETTING_KEYS, settingOf, TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import type { TrainConfig } from '../../src/runs/trainConfig.js';
import { optimizerOf, scheduleOf } from '../../src/runs/trainingParts.js';

/** Values that no setting may have, and the message of each. */
const wrong: [string, unknown, string][] = [
  ['batchSize', 0, '--batch-size must be a whole number of at least 1, not 0'],
  ['batchSize', 1.5, '--batch-size must be a whole number of at least 1, not 1.5'],
  ['epochs', '3', '--epochs must be a whole number of at least 1, not "3"'],
  ['baseLr', -0.1, '--base-lr must be a number of at least 0, not -0.1'],
  ['baseLr', Number.POSITIVE_INFINITY, '--base-lr must be a number of at least 0, not Infinity'],
  ['momentum', 1, '--momentum must be a number from 0 to below 1, not 1'],
  ['labelSmoothing', -0.1, '--label-smoothing must be a number from 0 to below 1, not -0.1'],
  ['loss', 'mse', '--loss must be one of bias, ce, focal, not "mse"'],
  ['loss', ['ce'], '--loss must be one of bias, ce, focal, not ["ce"]'],
  ['focalGamma', -1, '--focal-gamma must be a number of at least 0, not -1'],
  ['optimizer', 'adam', '--optimizer must be one of sgd, adamw, rmsprop, lion, not "adam"'],
  ['betas', [0.9], '--betas must be two numbers from 0 to below 1, not [0.9]'],
  ['betas', [0.9, 1], '--betas must be two numbers from 0 to below 1, not [0.9,1]'],
  ['eps', 0, '--eps must be a number above 0, not 0'],
  ['rmspropAlpha', 1, '--rmsprop-alpha must be a number from 0 to below 1, not 1'],
  ['rmspropTf', 'yes', '--rmsprop-tf must be true or false, not "yes"'],
  ['decayBiasNorm', 0, '--decay-bias-norm must be true or false, not 0'],
  ['schedule', 'step', '--schedule must be one of multistep, cosine, exponential, onecycle, not "step"'],
  ['freeze', '0', '--freeze must be backbone, or a number of parts such as "3", not "0"'],
  ['freeze', 3, '--freeze must be backbone, or a number of parts such as "3", not 3'],
  ['unfreezeAfter', 0, '--unfreeze-after must be a whole number of at least 1, not 0'],
  ['headLrScale', 0, '--head-lr-scale must be a number above 0, not 0'],
  ['layerDecay', 1.5, '--layer-decay must be a number above 0 and up to 1, not 1.5'],
  ['emaDecay', 1, '--ema-decay must be a number above 0 and below 1, not 1'],
  ['patience', 0, '--patience must be a whole number of at least 1, not 0'],
  ['patienceMetric', 'loss', '--patience-metric must be one of top1, cross-entropy, ema-top1, not "loss"'],
  ['gamma', 0, '--gamma must be a number above 0, not 0'],
  ['pctStart', 1, '--pct-start must be a number above 0 and below 1, not 1'],
  ['divFactor', 0, '--div-factor must be a number above 0, not 0'],
  ['finalDivFactor', -1, '--final-div-factor must be a number above 0, not -1'],
  ['autoAugment', 'rand-m9', '--auto-augment must be one of none, ra, ta_wide, not "rand-m9"'],
  ['raMagnitude', 31, '--ra-magnitude must be a whole number from 0 to 30, not 31'],
  ['raOps', 0, '--ra-ops must be a whole number from 1 to 16, not 0'],
  ['cropScale', 0, '--crop-scale must be a number above 0, up to 1, not 0'],
  ['randomErase', 1.5, '--random-erase must be a number from 0 to 1, not 1.5'],
  ['nesterov', 1, '--nesterov must be true or false, not 1'],
  ['milestones', [1, 'x'], '--milestones must be a list of epochs, not [1,"x"]'],
  ['threads', -1, '--threads must be a whole number of at least 0, not -1'],
  ['pretrained', '', '--pretrained must be text, not ""'],
  ['learningRate', 1, '--learning-rate is not a training setting'],
  ['toString', 1, '--to-string is not a training setting'],
];

describe('settings of a training', () => {
  it('have defaults and recipes that hold', () => {
    assert.deepEqual(checkTrainSettings(TRAIN_DEFAULTS), TRAIN_DEFAULTS);
    for (const recipe of Object.values(RECIPES)) assert.deepEqual(checkTrainSettings(recipe), recipe);
  });

  it('of wrong values are refused by their flag or file', () => {
    for (const [key, value, message] of wrong)
      assert.throws(
        () => checkTrainSettings({ [key]: value }),
        (error) => {
          assert.ok(error instanceof SettingError);
          assert.equal(error.named(flagOf).message, message);
          return true;
        },
      );
    assert.throws(
      () => checkTrainSettings({ alpha: 'x' }, 'a.json'),
      /alpha in a\.json must be a number, not "x"/,
    );
    assert.throws(() => checkTrainSettings([], 'a.json'), /a\.json must be a JSON object of settings/);
    assert.throws(() => checkTrainSettings(null, 'a.json'), /a\.json must be a JSON object of settings/);
  });
});

const adamw = { ...TRAIN_DEFAULTS, optimizer: 'adamw' } as const;
const ce = { ...TRAIN_DEFAULTS, loss: 'ce' } as const;

/** Settings that have no effect with others, and what is said of them. */
const lost: readonly [Partial<TrainConfig>, Partial<TrainConfig>, RegExp][] = [
  [
    { momentum: 0.9 },
    adamw,
    /momentum has no effect with optimizer adamw: it is for optimizer sgd or rmsprop$/,
  ],
  [{ nesterov: true }, adamw, /nesterov has no effect/],
  [{ betas: [0.9, 0.99] }, {}, /betas has no effect with optimizer sgd: it is for optimizer adamw or lion$/],
  [{ eps: 1 }, { optimizer: 'lion' }, /eps has no effect/],
  [{ rmspropAlpha: 0.9 }, {}, /rmspropAlpha has no effect/],
  [{ unfreezeAfter: 2 }, {}, /unfreezeAfter has no effect without freeze$/],
  [{ patienceMetric: 'top1' }, {}, /patienceMetric has no effect without patience$/],
  [{ rmspropTf: true }, adamw, /rmspropTf has no effect/],
  [{ gamma: 0.5 }, { schedule: 'cosine' }, /gamma has no effect/],
  [{ pctStart: 0.5 }, {}, /pctStart has no effect with schedule multistep: it is for schedule onecycle$/],
  [{ divFactor: 2 }, {}, /divFactor has no effect/],
  [{ finalDivFactor: 2 }, {}, /finalDivFactor has no effect/],
  [{ warmupEpochs: 1 }, { schedule: 'onecycle' }, /warmupEpochs has no effect/],
  [{ focalGamma: 1 }, ce, /focalGamma has no effect with loss ce: it is for loss focal or bias$/],
];

describe('settings of optimisers, schedules and losses', () => {
  it('are refused where they have no effect', () => {
    checkEffects({ betas: [0.9, 0.99], eps: 1e-6, warmupEpochs: 1, gamma: 0.5, focalGamma: 2 }, adamw);
    for (const [given, config, message] of lost)
      assert.throws(() => checkEffects(given, config), { name: 'SettingError', message });
  });
});

describe('an optimiser', () => {
  it('brings its own learning rate and weight decay, unless a recipe is for it', () => {
    assert.deepEqual(optimizerDefaults({}, {}), {});
    assert.deepEqual(optimizerDefaults({ optimizer: 'sgd' }, {}), {});
    assert.deepEqual(optimizerDefaults({ optimizer: 'adamw' }, { baseLr: 0.1 }), {
      baseLr: 0.001,
      weightDecay: 0.01,
    });
    assert.deepEqual(optimizerDefaults({ optimizer: 'lion' }, { optimizer: 'lion', baseLr: 1 }), {});
  });

  it('and what averages and schedules take is what the configuration says', () => {
    const states = (['sgd', 'adamw', 'rmsprop', 'lion'] as const).map(
      (optimizer) => optimizerOf({ ...TRAIN_DEFAULTS, optimizer }).state,
    );
    assert.deepEqual(states, [
      ['momentum'],
      ['firstMoment', 'secondMoment'],
      ['squares', 'momentum'],
      ['momentum'],
    ]);
    assert.deepEqual(optimizerOf({ ...TRAIN_DEFAULTS, optimizer: 'rmsprop', rmspropTf: true }).initial, {
      squares: 1,
    });
    const halved = scheduleOf({ ...TRAIN_DEFAULTS, schedule: 'exponential', gamma: 0.5 });
    assert.deepEqual(
      [0, 1, 2].map((epoch) => halved(epoch, 0, 10)),
      [0.1, 0.05, 0.025],
    );
    const cycle = scheduleOf({ ...TRAIN_DEFAULTS, schedule: 'onecycle', epochs: 10, divFactor: 4 });
    assert.ok(Math.abs(cycle(0, 0, 10) - 0.025) < 1e-12);
  });
});

describe('the table of settings', () => {
  it('of which each has a row that says what it is', () => {
    for (const key of SETTING_KEYS) {
      const { help, kind, choices, argument, path, check } = settingOf(key);
      assert.ok(help.length > 3, key);
      assert.equal(kind === 'choice', choices !== undefined, key);
      if (kind === 'switch') assert.equal(argument, '', key);
      if (path) assert.ok(check.holds('/a/b') && check.holds(null) && !check.holds(''), key);
    }
    const changeable = SETTING_KEYS.filter((key) => settingOf(key).onResume === 'may change');
    assert.deepEqual(
      changeable.filter((key) => ['model', 'loss', 'batchSize', 'seed', 'baseLr'].includes(key)),
      [],
    );
  });

  it('are refused where they were given and have no effect, and only then', () => {
    const ce = { ...TRAIN_DEFAULTS, loss: 'ce' } as const;
    checkEffects({ loss: 'ce' }, ce);
    checkEffects({ download: false, classMap: null, colourJitter: 0 }, ce);
    assert.throws(
      () => checkEffects({ alpha: 0.3 }, ce),
      /^SettingError: alpha has no effect with loss ce: it is for loss bias$/,
    );
    assert.throws(
      () => checkEffects({ raMagnitude: 5 }, { ...ce, autoAugment: 'ta_wide' }),
      /^SettingError: raMagnitude has no effect with autoAugment ta_wide: it is for autoAugment ra$/,
    );
    assert.throws(() => checkEffects({ cropScale: 0.5 }, ce), /cropScale has no effect with data cifar100/);
    assert.throws(() => checkEffects({ download: true }, { data: 'webdataset' }), /download has no effect/);
    checkEffects({ f32Steps: 5 }, { ...ce, precision: 'auto' });
  });

  it('of a file give way to flags, with what depends on them', () => {
    const file = { model: 'shufflenetv2', ratio: 0.5, loss: 'bias', alpha: 0.1, epochs: 3 } as const;
    assert.deepEqual(overridden(file, { epochs: 4 }), { settings: { ...file, epochs: 4 }, left: [] });
    assert.deepEqual(overridden(file, { loss: 'ce', model: 'resnet18' }), {
      settings: { model: 'resnet18', loss: 'ce', epochs: 3 },
      left: [
        { key: 'ratio', because: 'model' },
        { key: 'alpha', because: 'loss' },
      ],
    });
    assert.deepEqual(overridden(file, { loss: 'ce', alpha: 1 }).left, []);
  });

  it('choose the learning rate over time', () => {
    const multistep = scheduleOf({ ...TRAIN_DEFAULTS, milestones: [2, 4] });
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((epoch) => Number(multistep(epoch, 0, 10).toPrecision(6))),
      [0.1, 0.1, 0.01, 0.01, 0.001],
    );
    const cosine = scheduleOf({ ...TRAIN_DEFAULTS, schedule: 'cosine', epochs: 2, warmupEpochs: 0.5 });
    assert.ok(Math.abs(cosine(0, 0, 10) - 0.02) < 1e-9);
    assert.ok(cosine(1, 0, 10) > cosine(1, 5, 10) && cosine(1, 9, 10) > 0);
  });
});
