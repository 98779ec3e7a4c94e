import type { Command } from 'commander';
import type { EngineFlags } from './classifier.js';
import { withImageClassifier } from './imageClassifier.js';
import { engineOptions, logFormatOption } from './options.js';
import { type LogFormat, printJson, printLine } from './output.js';
import { type WeightsFlags, weightsOptions } from './weightsFlags.js';

interface PredictFlags extends WeightsFlags, EngineFlags {
  readonly logFormat: LogFormat;
}

/** A class with its probability. */
interface Guess {
  readonly label: number;
  readonly name: string;
  readonly probability: number;
}

const SHOWN = 5;

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
    for (const image of images) report(image, best(await logitsOf(image), names), flags.logFormat);
  });
}

/** The most probable classes, by softmax. */
function best(logits: Float32Array, names: readonly string[]): Guess[] {
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const exponentials = Array.from(logits, (logit) => Math.exp(logit - highest));
  const total = exponentials.reduce((a, b) => a + b);
  return exponentials
    .map((value, label) => ({ label, name: names[label]!, probability: value / total }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, SHOWN);
}

function report(image: string, guesses: readonly Guess[], logFormat: LogFormat): void {
  if (logFormat === 'json') {
    printJson({ event: 'prediction', image, classes: guesses });
    return;
  }
  printLine(image);
  for (const { name, probability } of guesses)
    printLine(`  ${(100 * probability).toFixed(2).padStart(6)}%  ${name}`);
}
