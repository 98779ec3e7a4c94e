import type { SettingText } from '../errors.js';
import type { TrainConfig } from './trainConfig.js';

/**
 * What a new run's settings will not do, although they are allowed.
 *
 * @param given those that were set explicitly
 */
export function configNotices(config: TrainConfig, given: Partial<TrainConfig>): readonly SettingText[] {
  const notices = [
    lateMilestones(config, given.milestones !== undefined),
    lateThaw(config),
    unboundedWeights(config),
  ];
  return notices.filter((notice) => notice !== undefined);
}

/** Runs of fewer epochs are trials, in which nobody expects the learning rate to fall. */
const TRIAL = 10;

/**
 * A notice about milestones after the last epoch: about each one that was set explicitly, about a recipe's only if the run reaches none of them.
 */
function lateMilestones(
  { milestones, epochs, schedule }: TrainConfig,
  given: boolean,
): SettingText | undefined {
  const late = milestones.filter((milestone) => milestone >= epochs);
  if (schedule !== 'multistep' || late.length === 0) return undefined;
  const which = late.length === 1 ? `milestone ${late[0]} is` : `milestones ${late.join(', ')} are`;
  const beyond = `the ${which} beyond the last epoch: the run has ${epochs}, and the learning rate`;
  if (given) return () => `${beyond} does not fall there`;
  if (epochs < TRIAL || late.length < milestones.length) return undefined;
  return (name) => `${beyond} never falls; give ${name('milestones')}, or ${name('schedule')} cosine`;
}

/** A notice about parts that would be trained only after the last epoch. */
function lateThaw({ freeze, unfreezeAfter, epochs }: TrainConfig): SettingText | undefined {
  if (freeze === null || unfreezeAfter === null || unfreezeAfter < epochs) return undefined;
  return (name) =>
    `${name('unfreezeAfter')} ${unfreezeAfter} is not reached: the run has ${epochs} epochs, and what ${name('freeze')} ${freeze} freezes is never trained`;
}

/** Images of a batch from which on variances differ enough; docs/decisions.md has the weights of smaller ones. */
const ENOUGH = 6;

/** A notice about batches of so few images that the global bias loss may give one of them a huge weight. */
function unboundedWeights({ loss, normMode, batchSize }: TrainConfig): SettingText | undefined {
  if (loss !== 'bias' || normMode !== 'global' || batchSize >= ENOUGH) return undefined;
  return (name) =>
    `in batches of fewer than ${ENOUGH} images the bias loss may give an image a huge weight, which ends the training; ${name('normMode')} local bounds the weights, ${name('loss')} ce has none`;
}
