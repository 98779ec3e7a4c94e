import { SettingError } from '../errors.js';
import { checkConfig } from './checkConfig.js';
import { checkEffects } from './settings/effects.js';
import { withRestoredPaths } from './settings/paths.js';
import { settingsOfRun } from './settings/saved.js';
import { isSettingKey, type SettingKey, settingOf } from './settings/table.js';
import type { TrainConfig } from './trainConfig.js';
import { scheduleOf } from './trainingParts.js';

/** A run that is to be resumed, and what was asked for. */
export interface Resumption {
  /** The run's own settings, as its checkpoint or folder has them. */
  readonly saved: unknown;
  /** Their origin, for messages. */
  readonly source: string;
  /** The run's folder. */
  readonly folder: string;
  /** The given settings, with absolute paths. */
  readonly given: Partial<TrainConfig>;
  /** Epochs that are done. */
  readonly epoch: number;
  /** Of those; undefined where none is. */
  readonly stepsPerEpoch?: number | undefined;
  readonly onNotice: (text: string) => void;
}

/**
 * The settings of a resumed run: its own, with the given ones that may change.
 *
 * @throws SettingError when another setting was given another value, naming both
 */
export function resumedConfig(resumption: Resumption): TrainConfig {
  const { saved, source, folder, given, onNotice } = resumption;
  const checked = settingsOfRun(saved, source);
  const own = withRestoredPaths(checked, folder, (path, taken) => {
    if (!Object.values(given).includes(taken)) onNotice(`${path}, a path of ${source}, is taken as ${taken}`);
  });
  for (const [key, value] of Object.entries(given)) checkChange(key, own, value, `the run in ${source}`);
  const config = { ...own, ...given };
  checkEffects(given, config);
  checkConfig(config);
  const change = rateChange(own, config, resumption);
  if (change !== undefined) onNotice(change);
  return config;
}

/**
 * @param holder what has the settings, for messages
 * @throws SettingError when a setting that stays was given another value
 */
export function checkChange(key: string, own: TrainConfig, value: unknown, holder: string): void {
  if (!isSettingKey(key)) return;
  // In runs of older versions the exclusions decide the split.
  const isFixed = key === 'exclude' && own.splitBy === 'place';
  if (settingOf(key).onResume === 'may change' && !isFixed) return;
  expectSame(key, own, value, holder);
}

/** @throws SettingError when a setting was given another value */
export function expectSame(key: SettingKey, own: TrainConfig, value: unknown, holder: string): void {
  const found = own[key];
  if (JSON.stringify(found) === JSON.stringify(value)) return;
  throw new SettingError(
    (name) =>
      `${holder} has ${name(key)} ${JSON.stringify(found)}, and cannot be resumed with ${JSON.stringify(value)}`,
  );
}

/** Steps of an epoch where no epoch is done that would tell: so many that one more or less changes no rate that is shown. */
const MANY_STEPS = 10_000;

/** How a resume changes the learning rate of the remaining epochs, if it does: where first, and from what to what. */
function rateChange(
  before: TrainConfig,
  after: TrainConfig,
  { epoch, stepsPerEpoch = MANY_STEPS }: Pick<Resumption, 'epoch' | 'stepsPerEpoch'>,
): string | undefined {
  if (before.epochs === after.epochs) return undefined;
  const schedules = [before, after].map(scheduleOf);
  for (let next = epoch; next < after.epochs; next++)
    for (const step of [0, stepsPerEpoch - 1]) {
      const [old, now] = schedules.map((rate) => Number(rate(next, step, stepsPerEpoch).toPrecision(3)));
      if (old !== now)
        return (
          `with ${after.epochs} epochs instead of ${before.epochs} the ${after.schedule} schedule gives another learning ` +
          `rate from epoch ${next + 1} on: ${now} ${step === 0 ? 'there' : 'at its end'} instead of ${old}`
        );
    }
  return undefined;
}
