import { Option } from 'commander';
import { families } from '../models/registry.js';
import { NameOption, parseCount } from './parsing.js';
import { type SettingNotes, settingOption } from './settingOptions.js';

/** An option whose value is one of the names, which its help lists. */
export function nameOption(flags: string, description: string, names: readonly string[]): Option {
  return new NameOption(flags, `${description}: ${names.join(', ')}`, names);
}

/** `--model` and the models' own options. */
export function modelOptions(model: SettingNotes = {}, others: SettingNotes = {}): Option[] {
  const options = [...families.options.keys()].map((key) => settingOption(key, others));
  return [settingOption('model', model), ...options];
}

/** `--data`, `--data-path` and `--download`. */
export function dataOptions(notes: SettingNotes = {}): Option[] {
  return [settingOption('data', notes), settingOption('dataPath', notes), settingOption('download')];
}

/** `--engine`, `--threads` and `--precision`. */
export function engineOptions(): Option[] {
  return [
    settingOption('engine'),
    settingOption('threads', { help: 'threads of computation' }),
    settingOption('precision'),
  ];
}

/** `--log-format`. */
export function logFormatOption(): Option {
  return nameOption('--log-format <format>', 'what is printed', ['text', 'json']).default('text');
}

/** `--classes`, which the published scripts take: must match the data. */
export function classesOption(): Option {
  return new Option('--classes <n>', 'number of classes; must match the data')
    .argParser(parseCount)
    .hideHelp();
}

/** `--tta`. */
export function ttaOption(): Option {
  return nameOption(
    '--tta <way>',
    'test-time augmentation: the mean of the probabilities of each image and its mirror image; takes twice as long',
    ['flip'],
  );
}
