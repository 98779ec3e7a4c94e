import { InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../src/errors.js';
import { defaultPython } from './interpreters.js';
import { type BenchmarkModel, parseModel } from './models.js';

/** A whole number from 1 on. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a positive whole number.');
  return value;
}

/** A whole number from 0 on. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be 0 or a positive whole number.');
  return Number(text);
}

/** A list from a fixed choice, separated by commas. */
export function listOf<Name extends string>(choice: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(',').map((part) => {
      const found = choice.find((name) => name === part.trim());
      if (found === undefined) throw new InvalidArgumentError(`It lists ${choice.join(', ')}.`);
      return found;
    });
}

/** Models' labels, separated by commas. */
export function listOfModels(text: string): BenchmarkModel[] {
  return text.split(',').map((label) => oneModel(label.trim()));
}

/** A model's label. */
export function oneModel(label: string): BenchmarkModel {
  try {
    return parseModel(label);
  } catch (error) {
    if (error instanceof UsageError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** Interpreters, one a flag; the first takes the place of the default. */
function pythons(path: string, before: readonly string[]): readonly string[] {
  return before === DEFAULT_PYTHONS ? [path] : [...before, path];
}

/** What `--pytorch` is where no interpreter is named. */
export const DEFAULT_PYTHONS: readonly string[] = [defaultPython];

/** `--pytorch` of commands that time several. */
export function pythonsOption(): Option {
  return new Option(
    '--pytorch <python>',
    'a Python that has PyTorch; several, each after a flag of its own: the fastest counts',
  )
    .argParser(pythons)
    .default(DEFAULT_PYTHONS, DEFAULT_PYTHONS.join());
}

/** `--pytorch` of commands that time one PyTorch. */
export function pythonOption(): Option {
  return new Option('--pytorch <python>', 'the Python that has PyTorch').default(defaultPython);
}
