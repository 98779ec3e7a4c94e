import { SettingError } from '../../errors.js';
import type { TrainConfig } from '../trainConfig.js';
import { isSettingKey, type SettingKey, settingOf, TRAIN_DEFAULTS } from './table.js';

/** A setting that has no effect, and the one that is why. */
export interface Ineffective {
  readonly key: SettingKey;
  readonly because: SettingKey;
}

/** Settings that 0 turns off. */
const ZERO_IS_OFF: ReadonlySet<SettingKey> = new Set(['f32Steps', 'focalGamma', 'warmupEpochs']);

/** Whether a value means “off”, so that it does no harm if the setting has no effect. */
function isOff(key: SettingKey, value: unknown): boolean {
  return value === null || value === false || (value === 0 && ZERO_IS_OFF.has(key));
}

/**
 * Rejects given settings that have no effect with the others.
 *
 * @param given the given settings, without defaults
 * @param config all settings, the given ones among them
 * @throws SettingError naming the setting and the one because of which it has no effect
 */
export function checkEffects(given: Partial<TrainConfig>, config: Partial<TrainConfig>): void {
  for (const [key, value] of Object.entries(given)) {
    if (!isSettingKey(key) || isOff(key, value) || hasEffect(key, config)) continue;
    const { key: because, values } = settingOf(key).onlyWith!;
    throw new SettingError((name) => {
      const other = name(because);
      return values === undefined
        ? `${name(key)} has no effect without ${other}`
        : `${name(key)} has no effect with ${other} ${valueIn(config, because)}: it is for ${other} ${listed(values)}`;
    });
  }
}

/** Whether a setting has an effect with the others. @param config all settings, or those that are not the defaults */
export function hasEffect(key: SettingKey, config: Partial<TrainConfig>): boolean {
  const { onlyWith } = settingOf(key);
  if (onlyWith === undefined) return true;
  const found = valueIn(config, onlyWith.key);
  return onlyWith.values === undefined ? found !== null : onlyWith.values.includes(String(found));
}

function valueIn(config: Partial<TrainConfig>, key: SettingKey): TrainConfig[SettingKey] {
  return config[key] ?? TRAIN_DEFAULTS[key];
}

function listed(values: readonly string[]): string {
  return values.length < 2 ? values.join() : `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}

/**
 * Settings overridden by others, as flags override a file. Settings that lose their effect because another setting
 * changes are left out; so are always the options of another model.
 */
export function overridden(
  base: Partial<TrainConfig>,
  over: Partial<TrainConfig>,
): { readonly settings: Partial<TrainConfig>; readonly left: readonly Ineffective[] } {
  const left: Ineffective[] = [];
  const kept = Object.entries(base).filter(([key]) => {
    if (!isSettingKey(key) || Object.hasOwn(over, key)) return true;
    const { onlyWith } = settingOf(key);
    if (onlyWith === undefined) return true;
    const { key: because, values } = onlyWith;
    const [before, after] = [base[because] ?? TRAIN_DEFAULTS[because], over[because]];
    if (after === undefined || after === before) return true;
    const fits = values === undefined ? after !== null : values.includes(String(after));
    if (because !== 'model' && fits) return true;
    left.push({ key, because });
    return false;
  });
  return { settings: { ...Object.fromEntries(kept), ...over }, left };
}
