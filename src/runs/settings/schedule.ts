import { settingsIn } from './builders.js';
import { above, atLeast, between, epochList, orNull, type SettingsOf } from './setting.js';

const training = settingsIn('Training');

const SCHEDULES = ['multistep', 'cosine', 'exponential', 'onecycle'] as const;

const only = (...values: readonly (typeof SCHEDULES)[number][]) => ({
  onlyWith: { key: 'schedule', values } as const,
});

/** Settings of the learning rate's schedule. */
export const SCHEDULE_SETTINGS: SettingsOf<
  'schedule' | 'milestones' | 'gamma' | 'pctStart' | 'divFactor' | 'finalDivFactor' | 'warmupEpochs'
> = {
  schedule: training.choice('multistep', SCHEDULES, '<name>', 'learning rate over the epochs'),
  milestones: {
    group: 'Training',
    kind: 'numbers',
    default: [80, 122],
    check: epochList,
    argument: '<epoch...>',
    help: 'epochs after which the schedule multistep multiplies the learning rate by gamma',
    path: false,
    onResume: 'fixed',
    ...only('multistep'),
  },
  gamma: training.number<number | null>(
    null,
    orNull(above(0)),
    '<factor>',
    'factor of the learning rate: of multistep at its milestones, of exponential after each epoch',
    { unset: '0.1 of multistep, 0.95 of exponential', ...only('multistep', 'exponential') },
  ),
  pctStart: training.number(
    0.3,
    between(0, 1),
    '<share>',
    'share of the steps in which the rate of onecycle rises to the learning rate',
    only('onecycle'),
  ),
  divFactor: training.number(
    25,
    above(0),
    '<number>',
    'what the first rate of onecycle is divided by',
    only('onecycle'),
  ),
  finalDivFactor: training.number(
    10_000,
    above(0),
    '<number>',
    'what the last rate of onecycle is divided by, beside divFactor',
    only('onecycle'),
  ),
  warmupEpochs: training.number(
    0,
    atLeast(0),
    '<n>',
    'epochs of linear warm-up, below the number of epochs',
    only('multistep', 'cosine', 'exponential'),
  ),
};
