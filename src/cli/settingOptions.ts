import { existsSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import type { Setting } from '../runs/settings/setting.js';
import { type SettingKey, settingOf } from '../runs/settings/table.js';
import { flagOf } from './flagNames.js';
import { dataFlags } from './foreignFlags.js';
import { NameOption, parseNumber, parseNumbers } from './parsing.js';

/** Where a command's option differs from that of `train`. */
export interface SettingNotes {
  readonly help?: string;
  /** What applies without the flag; '' if it is required. Default: the setting's default. */
  readonly unset?: string;
}

/** What to say of a path that was given where a name is expected, as other programs take it. */
const pathHints: Partial<Record<SettingKey, (value: string) => string | undefined>> = {
  data: (value) =>
    existsSync(value) ? `It is a path: a folder of images is given by ${dataFlags(value)}.` : undefined,
  model: (value) =>
    existsSync(value)
      ? 'It is a file: weights are given by --checkpoint, or in training by --pretrained.'
      : undefined,
};

/** The option for a setting, without a default value, which comes from the settings table. */
export function settingOption(key: SettingKey, notes: SettingNotes = {}): Option {
  const setting = settingOf(key);
  if (setting.argument === null) throw new Error(`${key} has no flag`);
  const flags = `${flagOf(key)} ${setting.argument}`.trim();
  const text = helpOf(setting, notes);
  if (setting.choices) return new NameOption(flags, text, setting.choices, pathHints[key]);
  const option = new Option(flags, text);
  if (setting.kind === 'numbers') return option.argParser(parseNumbers);
  if (setting.kind === 'number') return option.argParser(numberParser(setting.names));
  return option;
}

/** The options of some settings for `train`, under the table's headings; a switch can be turned off, too. */
export function trainOptions(keys: readonly SettingKey[]): Option[] {
  return keys
    .filter((key) => settingOf(key).argument !== null)
    .flatMap((key) => {
      const { group, kind, default: value } = settingOf(key);
      const off = new Option(
        `--no-${flagOf(key).slice(2)}`,
        value === true ? 'turn it off' : 'turn it off if a configuration file turns it on',
      );
      const options = kind === 'switch' ? [settingOption(key), off] : [settingOption(key)];
      return options.map((option) => option.helpGroup(`${group}:`));
    });
}

function helpOf(setting: Setting<unknown>, { help = setting.help, unset }: SettingNotes): string {
  const names = Object.entries(setting.names ?? {}).map(([name, value]) => `${name} (${value})`);
  const values = [...(setting.choices ?? []), ...names];
  const described = values.length > 0 ? `${help}: ${values.join(', ')}` : help;
  const otherwise = unset ?? setting.unset ?? defaultOf(setting);
  return otherwise === undefined || otherwise === '' ? described : `${described} (default: ${otherwise})`;
}

/** A default as it is typed; undefined if there is none to show. */
function defaultOf({ default: value, kind }: Setting<unknown>): string | undefined {
  if (value === null || kind === 'switch') return undefined;
  return Array.isArray(value) ? value.join(' ') : String(value);
}

function numberParser(names: Readonly<Record<string, number>> | undefined): (value: string) => number {
  if (names === undefined) return parseNumber;
  return (value) => {
    const known = names[value.toLowerCase()] ?? Number(value);
    if (value.trim() !== '' && Number.isFinite(known)) return known;
    throw new InvalidArgumentError(`It must be ${Object.keys(names).join(', ')} or a number.`);
  };
}
