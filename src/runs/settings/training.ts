import { BALANCED } from '../classWeights.js';
import { settingsIn } from './builders.js';
import { FINE_TUNING_SETTINGS } from './fineTuning.js';
import { OPTIMIZER_SETTINGS } from './optimizer.js';
import { SCHEDULE_SETTINGS } from './schedule.js';
import { above, anyNumber, atLeast, orNull, type SettingsOf, seed, upTo, whole } from './setting.js';

const loss = settingsIn('Loss');
const training = settingsIn('Training');

const TAUGHT = { onlyWith: { key: 'teacher' } } as const;
const BIAS = { onlyWith: { key: 'loss', values: ['bias'] } } as const;

/** Settings of the loss. */
export const LOSS_SETTINGS: SettingsOf<
  | 'loss'
  | 'alpha'
  | 'beta'
  | 'normMode'
  | 'labelSmoothing'
  | 'focalGamma'
  | 'classWeights'
  | 'balancedSampler'
  | 'teacher'
  | 'distillWeight'
  | 'temperature'
> = {
  loss: loss.choice('bias', ['bias', 'ce', 'focal'], '<name>', 'bias loss, cross-entropy or focal loss'),
  alpha: loss.number(0.3, anyNumber, '<number>', 'α of the bias loss’s weight exp(α·u) − β', BIAS),
  beta: loss.number(0.3, anyNumber, '<number>', 'β of the bias loss’s weight', BIAS),
  normMode: loss.choice('global', ['global', 'local'], '<mode>', 'normalisation of the variance', BIAS),
  labelSmoothing: loss.number(
    0,
    upTo(1, true),
    '<share>',
    'share of the target that is spread over all classes',
  ),
  focalGamma: loss.number<number | null>(
    null,
    orNull(atLeast(0)),
    '<number>',
    'γ of the focal loss’s factor (1 − p)^γ, which the bias loss can have, too',
    { unset: '2 with the loss focal, else 0', onlyWith: { key: 'loss', values: ['focal', 'bias'] } },
  ),
  classWeights: loss.path(
    '<balanced|file>',
    'factor of each class in the loss: balanced by their numbers of images, or a JSON list, or object by class name',
    { words: [BALANCED], unset: '1 each' },
  ),
  balancedSampler: loss.flag(
    false,
    'take every class equally often: images of small classes several times an epoch',
  ),
  teacher: loss.path('<file>', 'weights of a model that is imitated: .safetensors or .pth', {
    onResume: 'may change',
  }),
  distillWeight: loss.number(
    0.5,
    { expected: 'a number above 0 and up to 1', holds: (v) => above(0).holds(v) && upTo(1).holds(v) },
    '<share>',
    'share of the loss that imitates the teacher',
    TAUGHT,
  ),
  temperature: loss.number(
    4,
    above(0),
    '<number>',
    'what logits are divided by to imitate the teacher',
    TAUGHT,
  ),
};

/** Settings of training: its length, its steps, the optimiser and its schedule. */
export const TRAINING_SETTINGS: SettingsOf<
  'epochs' | 'batchSize' | 'accumulate' | 'syncBatchNorm' | 'clipNorm' | 'seed'
> &
  typeof OPTIMIZER_SETTINGS &
  typeof SCHEDULE_SETTINGS &
  typeof FINE_TUNING_SETTINGS = {
  epochs: training.number(160, whole(1), '<n>', 'epochs', { onResume: 'may change' }),
  batchSize: training.number(128, whole(1), '<n>', 'images per batch'),
  accumulate: training.number(1, whole(1), '<n>', 'batches per step, whose gradients are averaged'),
  syncBatchNorm: training.flag(false, 'batch statistics over all ranks’ parts of a batch'),
  ...OPTIMIZER_SETTINGS,
  clipNorm: training.number<number | null>(
    null,
    orNull(above(0)),
    '<norm>',
    'largest norm of all gradients together',
    { unset: 'any' },
  ),
  ...SCHEDULE_SETTINGS,
  ...FINE_TUNING_SETTINGS,
  seed: training.number(0, seed, '<n>', 'seed of weights, order, augmentation and dropout'),
};
