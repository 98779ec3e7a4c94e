import type { SettingDescription } from '../../api.js';

/** What was typed, by the settings' keys; empty for the default. */
export type Typed = Readonly<Record<string, string>>;

/** The value of a setting that was typed; text that is no number stays text, which the studio refuses with a sentence. */
export function settingValue({ kind }: SettingDescription, text: string): unknown {
  const number = (word: string): number | string => (Number.isNaN(Number(word)) ? word : Number(word));
  switch (kind) {
    case 'number':
      return number(text);
    case 'numbers':
      return text.split(/[\s,]+/).map(number);
    case 'switch':
      return text === 'true';
    case 'choice':
    case 'text':
      return text;
  }
}
