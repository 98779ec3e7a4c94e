import { WATCHED } from '../../train/earlyStop.js';
import { BACKBONE } from '../fineTuning.js';
import { settingsIn } from './builders.js';
import { above, between, orNull, type SettingsOf, upTo, whole } from './setting.js';

const training = settingsIn('Training');

/** Settings of what is trained, and at which rate. */
export const FINE_TUNING_SETTINGS: SettingsOf<
  'freeze' | 'unfreezeAfter' | 'headLrScale' | 'layerDecay' | 'patience' | 'patienceMetric' | 'emaDecay'
> = {
  emaDecay: training.number<number | null>(
    null,
    orNull(between(0, 1)),
    '<decay>',
    'decay of a moving average of the weights (EMA), such as 0.999; it is evaluated after each epoch, too, and saved as best-ema.safetensors',
    { unset: 'none is kept' },
  ),
  patience: training.number<number | null>(
    null,
    orNull(whole(1)),
    '<epochs>',
    'end the run after this many epochs without a better patienceMetric',
    { unset: 'it does not end early', onResume: 'may change' },
  ),
  patienceMetric: training.choice(
    'top1',
    WATCHED,
    '<name>',
    'figure of the test set that must become better',
    {
      onlyWith: { key: 'patience' },
    },
  ),
  freeze: {
    group: 'Training',
    kind: 'text',
    default: null,
    check: orNull({
      expected: `${BACKBONE}, or a number of parts such as "3"`,
      holds: (value) => typeof value === 'string' && (value === BACKBONE || /^[1-9]\d*$/.test(value)),
    }),
    argument: '<backbone|n>',
    help: 'parts that are not trained, their batch statistics neither: all before the classifier, or the first n',
    unset: 'none',
    path: false,
    onResume: 'fixed',
  },
  unfreezeAfter: training.number<number | null>(
    null,
    orNull(whole(1)),
    '<epochs>',
    'epochs after which everything is trained',
    { unset: 'never', onlyWith: { key: 'freeze' } },
  ),
  headLrScale: training.number(1, above(0), '<factor>', 'factor of the classifier’s learning rate'),
  layerDecay: training.number(
    1,
    { expected: 'a number above 0 and up to 1', holds: (v) => above(0).holds(v) && upTo(1).holds(v) },
    '<factor>',
    'factor of each part’s learning rate beside that of the part after it, as timm’s layer decay',
  ),
};
