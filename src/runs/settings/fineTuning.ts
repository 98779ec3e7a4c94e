import { BACKBONE } from '../fineTuning.js';
import { settingsIn } from './builders.js';
import { above, orNull, type SettingsOf, upTo, whole } from './setting.js';

const training = settingsIn('Training');

/** Settings of what is trained, and at which rate. */
export const FINE_TUNING_SETTINGS: SettingsOf<'freeze' | 'unfreezeAfter' | 'headLrScale' | 'layerDecay'> = {
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
