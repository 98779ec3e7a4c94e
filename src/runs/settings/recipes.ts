import { SettingError } from '../../errors.js';
import type { TrainConfig } from '../trainConfig.js';

/** Settings under a name. */
export const RECIPES: Readonly<Record<string, Partial<TrainConfig>>> = {
  'biasloss-cifar100': {
    data: 'cifar100',
    loss: 'bias',
    alpha: 0.3,
    beta: 0.3,
    normMode: 'global',
    epochs: 160,
    batchSize: 128,
    baseLr: 0.1,
    momentum: 0.9,
    nesterov: false,
    weightDecay: 1e-4,
    schedule: 'multistep',
    milestones: [80, 122],
    warmupEpochs: 0,
    labelSmoothing: 0,
  },
};

/** A recipe's settings; none without a name. @throws SettingError when there is no such recipe */
export function recipeSettings(recipe: string | undefined): Partial<TrainConfig> {
  if (recipe === undefined) return {};
  if (!Object.hasOwn(RECIPES, recipe))
    throw new SettingError(
      (name) => `${name('recipe')} ${recipe} does not exist; there is ${Object.keys(RECIPES).join(', ')}`,
    );
  return RECIPES[recipe]!;
}
