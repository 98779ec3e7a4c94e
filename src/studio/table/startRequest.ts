/** What the form that starts a run shows of its settings, and asks the studio for. */
import { valueText } from '../../report/valueText.js';
import type { SettingDescription, SettingValues, StartRequest } from '../api.js';

/** What was typed, by the settings' keys; empty for the default. */
export type Typed = Readonly<Record<string, string>>;

/** What stands for a list without numbers; an empty field has the default. */
const NO_NUMBERS = 'none';

/** The form's texts for a run's settings. @param copied those that are filled in, if there are any */
export function typedSettings(settings: readonly SettingDescription[], copied: SettingValues | null): Typed {
  if (copied === null) return {};
  const given = settings.filter(({ key }) => Object.hasOwn(copied, key));
  return Object.fromEntries(given.map((setting) => [setting.key, typedText(setting, copied[setting.key])]));
}

/**
 * The run that the form asks for. Settings that were filled in and not changed have the very value that they came with, and
 * those without a field, too.
 *
 * @param typed the texts of the fields
 * @param from the settings that were filled in, and the name of the folder; empty: chosen by the studio
 */
export function startRequest(
  settings: readonly SettingDescription[],
  typed: Typed,
  from: { readonly copied: SettingValues | null; readonly name: string },
): StartRequest {
  const { copied, name } = from;
  const before = typedSettings(settings, copied);
  const values = new Map(Object.entries(copied ?? {}));
  for (const setting of settings) {
    const { key } = setting;
    const text = typed[key] ?? '';
    if (Object.hasOwn(before, key) && text === before[key]) continue;
    if (text.trim() === '') values.delete(key);
    else values.set(key, settingValue(setting, text.trim()));
  }
  return { settings: Object.fromEntries(values), ...(name !== '' && { name }) };
}

/** A value as text for its field; empty for null. */
function typedText({ kind }: SettingDescription, value: unknown): string {
  if (kind === 'numbers' && Array.isArray(value)) return value.length === 0 ? NO_NUMBERS : value.join(' ');
  return value === null ? '' : valueText(value);
}

/** The value of a setting that was typed; text that is no number stays text, which the studio refuses with a sentence. */
function settingValue({ kind }: SettingDescription, text: string): unknown {
  const number = (word: string): number | string => (Number.isNaN(Number(word)) ? word : Number(word));
  switch (kind) {
    case 'number':
      return number(text);
    case 'numbers':
      return text === NO_NUMBERS ? [] : text.split(/[\s,]+/).map(number);
    case 'switch':
      return text === 'true';
    case 'choice':
    case 'text':
      return text;
  }
}
