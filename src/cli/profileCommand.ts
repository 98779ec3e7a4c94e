import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Command, Option } from 'commander';
import { createEngine } from '../engines/createEngine.js';
import { errorMessage, UserError } from '../errors.js';
import { biasLoss } from '../losses/biasLoss.js';
import { crossEntropyLoss } from '../losses/crossEntropy.js';
import { makeFolder } from '../makeFolder.js';
import type { Model } from '../models/model.js';
import { families } from '../models/registry.js';
import { flameSvg } from '../profile/flameSvg.js';
import { type ProfileMode, profileStep, type StepProfile } from '../profile/profileStep.js';
import { engineOptionsOf } from '../runs/engineOptions.js';
import { LARGEST_IMAGE } from '../runs/settings/setting.js';
import type { EngineFlags } from './classifier.js';
import { measuringLog } from './measuringLog.js';
import { type ModelFlags, modelOfFlags } from './modelFlags.js';
import { engineOptions, logFormatOption, modelOptions, nameOption } from './options.js';
import { type LogFormat, printJson, printLine, printNotice } from './output.js';
import { checkEnding } from './outputFile.js';
import { parseCount, parseCountUpTo } from './parsing.js';
import { profileRecord, profileText } from './profileReport.js';
import { settingOption } from './settingOptions.js';

interface ProfileFlags extends EngineFlags, ModelFlags {
  readonly batchSize: number;
  readonly mode: ProfileMode;
  readonly loss: 'bias' | 'ce';
  readonly steps: number;
  readonly top: number;
  readonly out?: string;
  readonly logFormat: LogFormat;
}

const HELP = `
Prints the step’s primitives by operation and implementation, then the longest ones, and how far the step is from
the machine’s peaks (measured in the same run); writes a flame graph. Needs the engine onednn or cuda.

Example:
  biasloss profile --model resnet18 --precision bf16 --out resnet18.svg`;

/** Adds the options and the action of `profile`. */
export function configureProfile(command: Command): void {
  command.addHelpText('after', HELP);
  const [model, ...multipliers] = modelOptions({ unset: '' });
  const options = [
    model!.makeOptionMandatory(),
    ...multipliers,
    new Option(
      '--classes <n>',
      'number of classes (default: those of the data that it is published for)',
    ).argParser(parseCount),
    new Option(
      '--image-size <pixels>',
      'height and width of the images (default: the model’s own)',
    ).argParser(parseCountUpTo(LARGEST_IMAGE)),
    settingOption('imageChannels', { unset: '3' }),
    new Option('--batch-size <n>', 'images per step').argParser(parseCount).default(64),
    nameOption('--mode <name>', 'what is run', ['train', 'eval']).default('train'),
    nameOption('--loss <name>', 'loss of a training step', ['bias', 'ce']).default('bias'),
    ...engineOptions(),
    new Option('--steps <n>', 'steps, of which medians are taken').argParser(parseCount).default(10),
    new Option('--top <n>', 'primitives that are shown one by one').argParser(parseCount).default(15),
    new Option(
      '--out <file>',
      'SVG image to write (default: profile-MODEL-MODE-PRECISION.svg in this folder)',
    ),
    logFormatOption(),
  ];
  for (const option of options) command.addOption(option);
  command.action(runProfile);
}

async function runProfile(flags: ProfileFlags): Promise<void> {
  if (flags.out !== undefined) checkEnding(flags.out, '--out', ['.svg']);
  const model = modelOfFlags(flags);
  const profile = await profileOf(model, flags);
  const label = families.labelOf(flags.model, flags);
  const what = flags.mode === 'train' ? 'a training step' : 'evaluation';
  const title = `${label}: ${what} of ${flags.batchSize} images, ${profile.precision}`;
  const path = flags.out ?? `profile-${label}-${flags.mode}-${profile.precision}.svg`;
  writeImage(path, flameSvg(profile, title));
  if (flags.logFormat === 'json') printJson(profileRecord(profile, { model: label, image: path }));
  else printLine(profileText(profile, { title, top: flags.top, image: path }));
}

async function profileOf(model: Model, flags: ProfileFlags): Promise<StepProfile> {
  const { engine: name = 'auto', threads = null, precision = 'f32', mode, batchSize, steps, loss } = flags;
  const chosen = engineOptionsOf({ threads, precision });
  const engine = await createEngine(name, { ...chosen, onMeasuring: measuringLog() });
  try {
    if (flags.logFormat === 'text' && engine.measurePeaks)
      printNotice(`measuring the machine, then ${steps} steps`);
    return await profileStep({
      engine,
      model,
      mode,
      batchSize,
      steps,
      loss: loss === 'bias' ? biasLoss() : crossEntropyLoss(),
    });
  } finally {
    await engine.close();
  }
}

function writeImage(path: string, svg: string): void {
  try {
    makeFolder(dirname(path));
    writeFileSync(path, svg);
  } catch (error) {
    throw new UserError(`the image ${path} cannot be written: ${errorMessage(error)}`);
  }
}
