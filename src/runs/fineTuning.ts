import { SettingError } from '../errors.js';
import { sizeOf } from '../graph/tensorType.js';
import type { Model } from '../models/model.js';
import { type ModelParts, partsOf } from '../models/parts.js';
import type { Optimizer } from '../optim/optimizer.js';
import { withRateScales } from '../optim/rateScales.js';
import type { Freezing } from '../train/trainerOptions.js';
import type { TrainConfig } from './trainConfig.js';

/** What is frozen, and a sentence that says it. */
export interface ConfiguredFreezing extends Freezing {
  readonly notice: string;
}

/**
 * What a configuration freezes of a model.
 *
 * @throws SettingError when the model has fewer parts before its classifier, or none
 */
export function freezingOf(config: TrainConfig, model: Model): ConfiguredFreezing | undefined {
  const { freeze, unfreezeAfter } = config;
  if (freeze === null) return undefined;
  const { backbone } = partsOf(model);
  if (backbone.length === 0)
    throw new SettingError(
      (name) =>
        `${name('freeze')} ${freeze} has no effect: ${model.config.name} has no parts before its classifier`,
    );
  const count = freeze === BACKBONE ? backbone.length : Number(freeze);
  if (count > backbone.length)
    throw new SettingError(
      (name) =>
        `${name('freeze')} ${freeze} is too many: ${model.config.name} has ${backbone.length} parts before its classifier`,
    );
  const names = new Set(backbone.slice(0, count).flat());
  return {
    names,
    until: unfreezeAfter ?? undefined,
    notice: frozenText(model, names, count, backbone.length),
  };
}

/** The word for everything before the classifier. */
export const BACKBONE = 'backbone';

function frozenText(model: Model, names: ReadonlySet<string>, count: number, parts: number): string {
  const frozen = model
    .stateEntries()
    .filter(({ kind, name }) => kind === 'parameter' && names.has(name))
    .reduce((total, { shape }) => total + sizeOf(shape), 0);
  const share = Math.round((100 * frozen) / model.parameterCount);
  const last = [...names].at(-1)?.split('.').slice(0, -1).join('.');
  return `frozen: ${count} of ${parts} parts, up to ${last} (${share}% of the parameters)`;
}

/** An optimiser with the learning rates of a configuration: lower for earlier parts, and the classifier's own. */
export function withConfiguredRates(optimizer: Optimizer, config: TrainConfig, model: Model): Optimizer {
  const { headLrScale, layerDecay } = config;
  if (headLrScale === 1 && layerDecay === 1) return optimizer;
  const scales = rateScales(partsOf(model), { headLrScale, layerDecay });
  return withRateScales(optimizer, (name) => scales.get(name) ?? 1);
}

/**
 * The factor of each entry's learning rate: decay^d for a group that d groups follow, as timm's, and the classifier's own for the
 * classifier.
 */
export function rateScales(
  { decayGroups, head }: Pick<ModelParts, 'decayGroups' | 'head'>,
  { headLrScale, layerDecay }: Pick<TrainConfig, 'headLrScale' | 'layerDecay'>,
): ReadonlyMap<string, number> {
  const scales = new Map<string, number>();
  decayGroups.forEach((names, i) => {
    for (const name of names) scales.set(name, layerDecay ** (decayGroups.length - 1 - i));
  });
  for (const name of head) scales.set(name, headLrScale);
  return scales;
}
