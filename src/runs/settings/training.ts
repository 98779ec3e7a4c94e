import { settingsIn } from './builders.js';
import { above, anyNumber, atLeast, epochList, orNull, type SettingsOf, upTo, whole } from './setting.js';

const loss = settingsIn('Loss');
const training = settingsIn('Training');

const BIAS = { onlyWith: { key: 'loss', values: ['bias'] } } as const;

/** Settings of the loss. */
export const LOSS_SETTINGS: SettingsOf<'loss' | 'alpha' | 'beta' | 'normMode' | 'labelSmoothing'> = {
  loss: loss.choice('bias', ['bias', 'ce'], '<name>', 'bias loss or cross-entropy'),
  alpha: loss.number(0.3, anyNumber, '<number>', 'α of the bias loss’s weight exp(α·u) − β', BIAS),
  beta: loss.number(0.3, anyNumber, '<number>', 'β of the bias loss’s weight', BIAS),
  normMode: loss.choice('global', ['global', 'local'], '<mode>', 'normalisation of the variance', BIAS),
  labelSmoothing: loss.number(
    0,
    upTo(1, true),
    '<share>',
    'share of the target that is spread over all classes',
  ),
};

/** Settings of the optimiser and its schedule. */
export const TRAINING_SETTINGS: SettingsOf<
  | 'epochs'
  | 'batchSize'
  | 'accumulate'
  | 'baseLr'
  | 'momentum'
  | 'nesterov'
  | 'weightDecay'
  | 'clipNorm'
  | 'schedule'
  | 'milestones'
  | 'warmupEpochs'
  | 'seed'
> = {
  epochs: training.number(160, whole(1), '<n>', 'epochs', { onResume: 'may change' }),
  batchSize: training.number(128, whole(1), '<n>', 'images per batch'),
  accumulate: training.number(1, whole(1), '<n>', 'batches per step, whose gradients are averaged'),
  baseLr: training.number(0.1, atLeast(0), '<rate>', 'learning rate'),
  momentum: training.number(0.9, upTo(1, true), '<number>', 'momentum'),
  nesterov: training.flag(false, 'Nesterov’s momentum'),
  weightDecay: training.number(1e-4, atLeast(0), '<number>', 'weight decay'),
  clipNorm: training.number<number | null>(
    null,
    orNull(above(0)),
    '<norm>',
    'largest norm of all gradients together',
    { unset: 'any' },
  ),
  schedule: training.choice('multistep', ['multistep', 'cosine'], '<name>', 'learning rate over the epochs'),
  milestones: {
    group: 'Training',
    kind: 'numbers',
    default: [80, 122],
    check: epochList,
    argument: '<epoch...>',
    help: 'epochs after which the schedule multistep divides the learning rate by 10',
    path: false,
    onlyWith: { key: 'schedule', values: ['multistep'] },
    onResume: 'fixed',
  },
  warmupEpochs: training.number(0, atLeast(0), '<n>', 'epochs of linear warm-up, below the number of epochs'),
  seed: training.number(0, whole(0), '<n>', 'seed of weights, order, augmentation and dropout'),
};
