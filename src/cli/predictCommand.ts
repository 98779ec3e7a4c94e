import { type Command, Option } from 'commander';
import { UserError } from '../errors.js';
import { oneLine } from '../formats/quote.js';
import { csvRow } from '../runs/csvTable.js';
import { type ClassGuess, mostProbable } from '../train/classifier.js';
import type { EngineFlags } from './classifier.js';
import { withImageClassifier } from './imageClassifier.js';
import { engineOptions, ttaOption } from './options.js';
import { printJson, printLine, printNotice } from './output.js';
import { NameOption, parseCount } from './parsing.js';
import { type PredictInput, withPredictInputs } from './predictInputs.js';
import { type WeightsFlags, weightsOptions } from './weightsFlags.js';

const SHOWN = 5;

interface PredictFlags extends WeightsFlags, EngineFlags {
  readonly logFormat: 'text' | 'json' | 'csv';
  readonly top: number;
  readonly tta?: 'flip';
}

/** Adds the arguments, options and action of `predict`. */
export function configurePredict(command: Command): void {
  command
    .argument(
      '<image...>',
      'image files, folders of them, or - for standard input (an image, or one path per line)',
    )
    .addHelpText(
      'after',
      '\nThe checkpoint may also be an .onnx model written by export.\n' +
        '\nExample:\n  biasloss predict --checkpoint runs/NAME/best.safetensors cat.jpg',
    );
  const options = [
    ...weightsOptions('names of the classes'),
    new Option('--top <k>', 'classes that are shown').argParser(parseCount).default(SHOWN),
    ttaOption(),
    ...engineOptions(),
    new NameOption('--log-format <format>', 'what is printed', ['text', 'json', 'csv']).default('text'),
  ];
  for (const option of options) command.addOption(option);
  command.action(runPredict);
}

async function runPredict(places: readonly string[], flags: PredictFlags): Promise<void> {
  await withPredictInputs(places, async (inputs) => {
    await withImageClassifier(flags, async ({ names, logitsOf }) => {
      if (flags.logFormat === 'csv') printLine('image,rank,class,label,probability');
      const failures: UserError[] = [];
      for (const input of inputs) {
        try {
          report(input.name, mostProbable(await logitsOf(input.path), names, flags.top), flags.logFormat);
        } catch (error) {
          failures.push(failureOf(error, input));
        }
      }
      refuse(failures, inputs.length);
    });
  });
}

/** An image that cannot be read or classified does not stop the others; any other error does. */
function failureOf(error: unknown, { name, path }: PredictInput): UserError {
  if (!(error instanceof UserError)) throw error;
  const text = error.message.replaceAll(path, name);
  return new UserError(text.includes(name) ? text : `${name}: ${text}`);
}

/** @throws UserError when there are failures */
function refuse(failures: readonly UserError[], images: number): void {
  const [first, ...more] = failures;
  if (!first) return;
  if (more.length === 0) throw first;
  for (const { message } of failures) printNotice(`error: ${message}`);
  throw new UserError(`${failures.length} of ${images} images could not be classified`);
}

function report(image: string, guesses: readonly ClassGuess[], logFormat: PredictFlags['logFormat']): void {
  if (logFormat === 'json') {
    printJson({ event: 'prediction', image, classes: guesses });
    return;
  }
  if (logFormat === 'csv') {
    for (const [i, { name, label, probability }] of guesses.entries())
      printLine(csvRow([image, i + 1, name, label, probability]));
    return;
  }
  printLine(oneLine(image));
  for (const { name, probability } of guesses)
    printLine(`  ${(100 * probability).toFixed(2).padStart(6)}%  ${oneLine(name)}`);
}
