import { availableParallelism } from 'node:os';
import { InvalidArgumentError, Option } from 'commander';
import { engineChoices, mostThreads } from '../engines/createEngine.js';
import type { Families } from '../models/families.js';
import { IMAGE_CHANNELS } from '../models/model.js';
import { families, modelNames } from '../models/registry.js';
import { suggest } from './suggest.js';

/** Data that commands take by name. */
export const DATA_NAMES = ['cifar100', 'cifar10', 'synthetic', 'imagefolder', 'webdataset'] as const;

/** Reads a number. */
export function parseNumber(value: string): number {
  const parsed = Number(value);
  if (value.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError('It must be a number.');
  return parsed;
}

/** Reads a whole number of at least 1. */
export function parseCount(value: string): number {
  const parsed = parseNumber(value);
  if (!Number.isInteger(parsed) || parsed < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return parsed;
}

/** Reads a number of threads. What is too small is refused with the other settings, in their words. */
function parseThreads(value: string): number {
  const threads = parseNumber(value);
  if (threads <= mostThreads()) return threads;
  throw new InvalidArgumentError(
    `It must be at most ${mostThreads()} where there are ${availableParallelism()} processors.`,
  );
}

/** Reads one of several numbers of a flag. */
export function parseNumbers(value: string, previous: unknown): number[] {
  return [...(Array.isArray(previous) ? (previous as number[]) : []), parseNumber(value)];
}

/** Reads one of the names; an unknown one is refused with the one that was probably meant. */
export function parseName(names: readonly string[]): (value: string) => string {
  return (value) => {
    if (names.includes(value)) return value;
    const meant = suggest(value, names);
    const question = meant === undefined ? '' : ` Did you mean ${meant}?`;
    throw new InvalidArgumentError(`It must be one of ${names.join(', ')}.${question}`);
  };
}

/** An option whose value is one of the names. */
export function nameOption(flags: string, description: string, names: readonly string[]): Option {
  return new Option(flags, `${description}: ${names.join(', ')}`).argParser(parseName(names));
}

/** `--model`. */
export function modelOption(note = ''): Option {
  return nameOption('--model <name>', `model${note}`, modelNames);
}

/** `--model`, and a flag for every hyperparameter of a model. */
export function modelOptions(note = ''): Option[] {
  return [modelOption(note), ...hyperparameterOptions(families)];
}

/** A flag for every hyperparameter that a family declares. */
export function hyperparameterOptions<O extends string>(declared: Families<O>): Option[] {
  return [...declared.options].map(([key, options]) => {
    const names = declared.valueNames(key);
    const named = [...names].map(([name, value]) => `${name} (${value})`).join(', ');
    const texts = options.map(
      ({ help, models, expected, names: own }) =>
        `${help} of ${models.join(', ')}: ${own ? `a number, or ${named}` : expected}`,
    );
    return new Option(`${declared.flags[key]} <number>`, texts.join('; ')).argParser(parseNamed(names));
  });
}

/** Reads a number, or a name of one. */
function parseNamed(names: ReadonlyMap<string, number>): (value: string) => number {
  if (names.size === 0) return parseNumber;
  return (value) => {
    const known = names.get(value.toLowerCase()) ?? Number(value);
    if (value.trim() !== '' && Number.isFinite(known)) return known;
    throw new InvalidArgumentError(`It must be ${[...names.keys()].join(', ')} or a number.`);
  };
}

/** `--image-channels`. */
export function imageChannelsOption(note: string): Option {
  return new Option('--image-channels <n>', `channels of the images, 3 or 1 for grey ${note}`).argParser(
    (value) => {
      const channels = parseNumber(value);
      if (IMAGE_CHANNELS.includes(channels)) return channels;
      throw new InvalidArgumentError('It must be 3, or 1 for grey images.');
    },
  );
}

/** `--data`, `--data-path` and `--download`. */
export function dataOptions(): Option[] {
  return [
    nameOption('--data <name>', 'data (default: cifar100)', DATA_NAMES),
    new Option('--data-path <path>', 'folder or archive of the data (default: data)'),
    new Option('--download', 'fetch the official archive if the data is missing'),
  ];
}

/** `--engine`, `--threads` and `--precision`. */
export function engineOptions(): Option[] {
  return [
    nameOption('--engine <name>', 'engine (default: auto)', engineChoices),
    new Option('--threads <n>', 'threads of computation (default: all)').argParser(parseThreads),
    nameOption('--precision <name>', 'arithmetic of convolutions (default: f32)', ['auto', 'f32', 'bf16']),
  ];
}

/** `--log-format`. */
export function logFormatOption(): Option {
  return nameOption('--log-format <format>', 'what is printed', ['text', 'json']).default('text');
}

/** `--classes`, which the published scripts take: must be what the data has. */
export function classesOption(): Option {
  return new Option('--classes <n>', 'number of classes; must be the data’s')
    .argParser(parseCount)
    .hideHelp();
}
