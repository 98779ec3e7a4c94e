import { SettingError } from '../../errors.js';
import type { TrainConfig } from '../trainConfig.js';
import { overridden } from './effects.js';
import { OPTIMIZER_SETTINGS } from './optimizer.js';

/** The published recipe for CIFAR-100: the paper's 160 epochs. */
const PUBLISHED: Partial<TrainConfig> = {
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
};

/** Pretrained weights on 50 to 50,000 images of one's own; docs/recipes.md says why. */
const FINETUNE: Partial<TrainConfig> = {
  loss: 'ce',
  labelSmoothing: 0.1,
  epochs: 30,
  batchSize: 16,
  optimizer: 'adamw',
  baseLr: 5e-4,
  weightDecay: 0.05,
  decayBiasNorm: false,
  schedule: 'cosine',
  warmupEpochs: 3,
  cropScale: 0.35,
  autoAugment: 'ta_wide',
  // Of a small set every image is decoded once.
  cache: 'ram',
  cacheMb: 1000,
};

/** timm's training of mobilenetv3_large_100.ra_in1k on ImageNet, as far as there are settings for it. */
const TIMM_MOBILENETV3: Partial<TrainConfig> = {
  model: 'mobilenetv3_large_100',
  loss: 'ce',
  labelSmoothing: 0.1,
  epochs: 600,
  batchSize: 128,
  accumulate: 8,
  optimizer: 'rmsprop',
  rmspropTf: true,
  eps: 1e-3,
  momentum: 0.9,
  baseLr: 0.064,
  weightDecay: 1e-5,
  decayBiasNorm: false,
  schedule: 'exponential',
  // 0.973 every 2.4 epochs.
  gamma: 0.9887,
  warmupEpochs: 3,
  emaDecay: 0.9999,
  autoAugment: 'ra',
  raOps: 2,
  raMagnitude: 27,
  randomErase: 0.2,
};

/** Settings under a name. */
export const RECIPES: Readonly<Record<string, Partial<TrainConfig>>> = {
  finetune: FINETUNE,
  'timm-mobilenetv3': TIMM_MOBILENETV3,
  paper: PUBLISHED,
  'biasloss-cifar100': PUBLISHED,
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

/** What the choice of an optimiser decides, whose values in a recipe are for the recipe's own. */
const OF_OPTIMIZER: ReadonlySet<string> = new Set(
  Object.keys(OPTIMIZER_SETTINGS).filter((key) => key !== 'optimizer' && key !== 'decayBiasNorm'),
);

/**
 * What a recipe sets beside given settings, which win: without what they leave no effect, without the values for another
 * optimiser than the given one and the model if weights decide it, and with a warm-up that is shorter in the
 * same proportion as the run.
 */
export function besideGiven(recipe: Partial<TrainConfig>, given: Partial<TrainConfig>): Partial<TrainConfig> {
  const isOther = given.optimizer !== undefined && given.optimizer !== (recipe.optimizer ?? 'sgd');
  const hasWeights = typeof given.pretrained === 'string';
  const kept = Object.entries(overridden(recipe, given).settings).filter(
    ([key]) =>
      !Object.hasOwn(given, key) && !(isOther && OF_OPTIMIZER.has(key)) && !(hasWeights && key === 'model'),
  );
  return { ...Object.fromEntries(kept), ...shorterWarmup(recipe, given) };
}

function shorterWarmup(recipe: Partial<TrainConfig>, given: Partial<TrainConfig>): Partial<TrainConfig> {
  const { warmupEpochs, epochs } = recipe;
  const isKept = given.warmupEpochs === undefined && given.schedule !== 'onecycle';
  if (!warmupEpochs || epochs === undefined || given.epochs === undefined || !isKept) return {};
  return { warmupEpochs: warmupEpochs * Math.min(1, given.epochs / epochs) };
}
