import { Argument, type Command } from 'commander';
import { UserError } from '../errors.js';
import { type CatalogueEntry, catalogue } from '../models/catalogue.js';
import { knownWeights } from '../models/knownWeights.js';
import { families } from '../models/registry.js';
import { flagOf } from './flagNames.js';
import { logFormatOption } from './options.js';
import { formatCount, formatTable, type LogFormat, printJson, printLine } from './output.js';
import { suggest } from './suggest.js';

/** Adds the options and the action of `models`. */
export function configureModels(command: Command): void {
  command
    .addArgument(new Argument('[word]', 'list only models whose name or family contains it'))
    .addOption(logFormatOption())
    .action(runModels);
}

function runModels(word: string | undefined, { logFormat }: { readonly logFormat: LogFormat }): void {
  const entries = catalogue().filter((entry) => word === undefined || matches(entry, word));
  if (entries.length === 0) throw unknownWord(word!);
  if (logFormat === 'json') for (const entry of entries) printJson(recordOf(entry));
  else printLine(textOf(entries));
}

function matches({ name, family }: CatalogueEntry, word: string): boolean {
  return [name, family].some((text) => text.toLowerCase().includes(word.toLowerCase()));
}

function unknownWord(word: string): UserError {
  const meant = suggest(word, families.names);
  const question = meant === undefined ? '' : `; did you mean ${meant}?`;
  return new UserError(`no model’s name contains ${word}${question}`);
}

function recordOf({ imageSize: image_size, ...entry }: CatalogueEntry): Record<string, unknown> {
  return { event: 'model', ...entry, image_size, weights: knownWeights(entry.name) };
}

/** Models under their family's title, named as flags are given: `shufflenetv2 --ratio 0.5`. */
function textOf(entries: readonly CatalogueEntry[]): string {
  const titles = [...new Set(entries.map(({ family }) => family))];
  const rows = titles.flatMap((title) => [
    [title, '', '', '', '', ''],
    ...entries.filter(({ family }) => family === title).map(rowOf),
  ]);
  return formatTable(['model', 'pixels', 'classes', 'parameters', 'million MACs', 'published weights'], rows);
}

function rowOf({ name, options, imageSize, classes, parameters, macs }: CatalogueEntry): string[] {
  const set = Object.entries(options).map(([key, value]) => ` ${flagOf(key)} ${value}`);
  const counts = [imageSize, classes].map(String);
  const [weights = '–'] = knownWeights(name);
  return [`  ${name}${set.join('')}`, ...counts, formatCount(parameters), (macs / 1e6).toFixed(1), weights];
}
