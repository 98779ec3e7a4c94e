import { type Check, oneOf, type Setting, type SettingGroup, text, trueOrFalse } from './setting.js';

/** Defaults of a setting's less common properties. */
type Details<T> = Partial<Pick<Setting<T>, 'unset' | 'names' | 'onlyWith' | 'onResume' | 'words'>>;

const PLAIN = { path: false, onResume: 'fixed' } as const;

/** Makes the settings of a group. */
export function settingsIn(group: SettingGroup) {
  return {
    /** A number or null. */
    number<T extends number | null>(
      value: T,
      check: Check,
      argument: string,
      help: string,
      details: Details<T> = {},
    ): Setting<T> {
      return { ...PLAIN, group, kind: 'number', default: value, check, argument, help, ...details };
    },
    /** One of some names. */
    choice<T extends string>(
      value: T,
      choices: readonly T[],
      argument: string,
      help: string,
      details: Details<T> = {},
    ): Setting<T> {
      const check = oneOf(choices);
      return { ...PLAIN, group, kind: 'choice', default: value, check, choices, argument, help, ...details };
    },
    /** True or false. */
    flag(value: boolean, help: string, details: Details<boolean> = {}): Setting<boolean> {
      const check = trueOrFalse;
      return { ...PLAIN, group, kind: 'switch', default: value, check, argument: '', help, ...details };
    },
    /** A file or folder; null: none. */
    path(argument: string, help: string, details: Details<string | null> = {}): Setting<string | null> {
      const check = { expected: text.expected, holds: (v: unknown) => v === null || text.holds(v) };
      const known = { group, kind: 'text', default: null, check, argument, help } as const;
      return { ...PLAIN, ...known, path: true, ...details };
    },
  };
}
