import type { Command } from 'commander';
import { type ClassGuess, mostProbable } from '../train/classifier.js';
import type { EngineFlags } from './classifier.js';
import { withImageClassifier } from './imageClassifier.js';
import { engineOptions, logFormatOption } from './options.js';
import { type LogFormat, printJson, printLine } from './output.js';
import { type WeightsFlags, weightsOptions } from './weightsFlags.js';

interface PredictFlags extends WeightsFlags, EngineFlags {
  readonly logFormat: LogFormat;
}

/** Adds the arguments, options and action of `predict`. */
export function configurePredict(command: Command): void {
  command
    .argument('<image...>', 'JPEG, PNG or WebP files')
    .addHelpText(
      'after',
      '\nThe checkpoint may also be a model that export wrote as .onnx.\n' +
        '\nExample:\n  biasloss predict --checkpoint runs/NAME/best.safetensors cat.jpg',
    );
  const options = [...weightsOptions('names of the classes'), ...engineOptions(), logFormatOption()];
  for (const option of options) command.addOption(option);
  command.action(runPredict);
}

async function runPredict(images: readonly string[], flags: PredictFlags): Promise<void> {
  await withImageClassifier(flags, async ({ names, logitsOf }) => {
    for (const image of images) report(image, mostProbable(await logitsOf(image), names), flags.logFormat);
  });
}

function report(image: string, guesses: readonly ClassGuess[], logFormat: LogFormat): void {
  if (logFormat === 'json') {
    printJson({ event: 'prediction', image, classes: guesses });
    return;
  }
  printLine(image);
  for (const { name, probability } of guesses)
    printLine(`  ${(100 * probability).toFixed(2).padStart(6)}%  ${name}`);
}
