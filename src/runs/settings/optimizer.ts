import type { OptimizerName, TrainConfig } from '../trainConfig.js';
import { settingsIn } from './builders.js';
import { above, atLeast, type Check, orNull, type SettingsOf, upTo } from './setting.js';

const training = settingsIn('Training');

const OPTIMIZERS = ['sgd', 'adamw', 'rmsprop', 'lion'] as const satisfies readonly OptimizerName[];

/** What an optimiser has instead of the table's defaults, which are SGD's. */
export const OWN_DEFAULTS: Readonly<Record<OptimizerName, Partial<TrainConfig>>> = {
  sgd: {},
  adamw: { baseLr: 0.001, weightDecay: 0.01 },
  rmsprop: { baseLr: 0.01 },
  lion: { baseLr: 0.0001, weightDecay: 0.1 },
};

/**
 * Defaults that the choice of an optimiser changes: a learning rate of SGD would ruin a run with another. Nothing if
 * a recipe is for that optimiser, which has its own.
 */
export function optimizerDefaults(
  given: Partial<TrainConfig>,
  recipe: Partial<TrainConfig>,
): Partial<TrainConfig> {
  const { optimizer } = given;
  return optimizer === undefined || optimizer === (recipe.optimizer ?? 'sgd') ? {} : OWN_DEFAULTS[optimizer];
}

/** Defaults in words, where the optimisers' differ. */
function each(key: 'baseLr' | 'weightDecay'): string {
  return Object.entries(OWN_DEFAULTS)
    .flatMap(([name, own]) => (own[key] === undefined ? [] : [`${own[key]} with ${name}`]))
    .join(', ');
}

const two: Check = {
  expected: 'two numbers from 0 to below 1',
  holds: (value) => Array.isArray(value) && value.length === 2 && value.every(upTo(1, true).holds),
};

const only = (...values: readonly OptimizerName[]) => ({ onlyWith: { key: 'optimizer', values } as const });

/** Settings of the optimiser. */
export const OPTIMIZER_SETTINGS: SettingsOf<
  | 'optimizer'
  | 'baseLr'
  | 'momentum'
  | 'nesterov'
  | 'betas'
  | 'eps'
  | 'rmspropAlpha'
  | 'rmspropTf'
  | 'weightDecay'
  | 'decayBiasNorm'
> = {
  optimizer: training.choice<OptimizerName>('sgd', OPTIMIZERS, '<name>', 'optimiser'),
  baseLr: training.number(0.1, atLeast(0), '<rate>', 'learning rate', { unset: `0.1, ${each('baseLr')}` }),
  momentum: training.number(0.9, upTo(1, true), '<number>', 'momentum', only('sgd', 'rmsprop')),
  nesterov: training.flag(false, 'Nesterov’s momentum', only('sgd')),
  betas: {
    group: 'Training',
    kind: 'numbers',
    default: null,
    check: orNull(two),
    argument: '<number...>',
    help: 'β₁ and β₂: what the averages of gradients, and of their squares or of Lion’s momentum, keep each step',
    unset: '0.9 0.999 with adamw, 0.9 0.99 with lion',
    path: false,
    onResume: 'fixed',
    ...only('adamw', 'lion'),
  },
  eps: training.number<number | null>(null, orNull(above(0)), '<number>', 'ε, which guards a division', {
    unset: '1e-8; 1e-10 with rmspropTf',
    ...only('adamw', 'rmsprop'),
  }),
  rmspropAlpha: training.number<number | null>(
    null,
    orNull(upTo(1, true)),
    '<number>',
    'α of RMSprop: what its average of squared gradients keeps each step',
    { unset: '0.99; 0.9 with rmspropTf', ...only('rmsprop') },
  ),
  rmspropTf: training.flag(
    false,
    'TensorFlow’s RMSprop, as timm’s RMSpropTF: ε under the root, squares that start at 1, the rate in the momentum',
    only('rmsprop'),
  ),
  weightDecay: training.number(1e-4, atLeast(0), '<number>', 'weight decay', {
    unset: `1e-4, ${each('weightDecay')}`,
  }),
  decayBiasNorm: training.flag(true, 'weight decay of biases and of normalisation’s parameters, too'),
};
