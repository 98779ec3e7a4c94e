import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { errorMessage, UsageError } from '../errors.js';
import { families } from '../models/registry.js';
import { checkTrainSettings, RECIPES, TRAIN_DEFAULTS, type TrainConfig } from '../runs/trainConfig.js';
import {
  classesOption,
  dataOptions,
  engineOptions,
  imageChannelsOption,
  logFormatOption,
  modelOptions,
  nameOption,
  parseName,
  parseNumber,
  parseNumbers,
} from './options.js';
import type { LogFormat } from './output.js';
import { runTraining } from './runTraining.js';

/** Options of `train` that are not settings of the run. */
interface TrainFlags {
  readonly config?: string;
  readonly recipe?: string;
  readonly runDir?: string;
  readonly resume?: string;
  readonly logFormat: LogFormat;
  readonly classes?: number;
  readonly device?: string;
}

const EXAMPLES = `
Examples:
  biasloss train --data synthetic --ratio 0.5 --epochs 4
  biasloss train --model resnet18 --data-path data --download --recipe biasloss-cifar100
  biasloss train --data imagefolder --data-path images --model skipblocknet --pretrained skipblocknet-m.pth
  biasloss train --resume runs/NAME`;

/** What a configuration cannot have, by its name there: the flag. */
const FLAGS_ALONE: ReadonlyMap<unknown, string> = new Map([
  ['config', '--config'],
  ['recipe', '--recipe'],
  ['runDir', '--run-dir'],
  ['resume', '--resume'],
  ['logFormat', '--log-format'],
  ['classes', '--classes'],
]);

/** Adds the `train` command. */
export function addTrainCommand(program: Command): void {
  const command = program
    .command('train')
    .description('Train a model; every setting has the published recipe’s value unless given.')
    .addHelpText('after', EXAMPLES);
  const options = [
    ...modelOptions(` (default: ${TRAIN_DEFAULTS.model})`),
    numberOption('--image-size <pixels>', 'height and width of the images (default: the data’s)'),
    imageChannelsOption('(default: the data’s)'),
    ...dataOptions(),
    new Option('--no-download', 'do not, where a configuration asks for it'),
    ...lossOptions(),
    ...scheduleOptions(),
    ...engineOptions(),
    ...runOptions(),
    logFormatOption(),
    classesOption(),
    new Option('--device <name>').argParser(parseName(['cpu'])).hideHelp(),
  ];
  for (const option of options) command.addOption(option);
  command.action(async (flags: TrainFlags & Partial<TrainConfig>) => {
    const { config, recipe, runDir, resume, logFormat, classes, device: _, ...given } = flags;
    const settings = overridden({ ...recipeSettings(recipe), ...fileSettings(config) }, given);
    await runTraining({ settings, runDir, resume, logFormat, classes });
  });
}

function numberOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(parseNumber);
}

function lossOptions(): Option[] {
  return [
    nameOption('--loss <name>', 'bias loss or cross-entropy (default: bias)', ['bias', 'ce']),
    numberOption('--alpha <number>', 'α of the bias loss’s weight exp(α·u) − β (default: 0.3)'),
    numberOption('--beta <number>', 'β of it (default: 0.3)'),
    nameOption('--norm-mode <mode>', 'normalisation of the variance (default: global)', ['global', 'local']),
    numberOption('--label-smoothing <share>', 'share of the target spread over all classes (default: 0)'),
  ];
}

function scheduleOptions(): Option[] {
  const { epochs, batchSize, baseLr, momentum, weightDecay, milestones } = TRAIN_DEFAULTS;
  return [
    numberOption('--epochs <n>', `epochs (default: ${epochs})`),
    numberOption('--batch-size <n>', `images of a batch (default: ${batchSize})`),
    numberOption('--accumulate <n>', 'batches of a step, whose gradients are averaged (default: 1)'),
    numberOption('--base-lr <rate>', `learning rate (default: ${baseLr})`),
    numberOption('--momentum <number>', `momentum (default: ${momentum})`),
    new Option('--nesterov', 'Nesterov’s momentum'),
    new Option('--no-nesterov', 'not, where a configuration asks for it'),
    numberOption('--weight-decay <number>', `weight decay (default: ${weightDecay})`),
    numberOption('--clip-norm <norm>', 'greatest norm of all gradients taken together (default: any)'),
    nameOption('--schedule <name>', 'learning rate over time (default: multistep)', ['multistep', 'cosine']),
    new Option(
      '--milestones <epoch...>',
      `epochs after which multistep divides the rate by 10 (default: ${milestones.join(' ')})`,
    ).argParser(parseNumbers),
    numberOption('--warmup-epochs <n>', 'epochs of linear warm-up (default: 0)'),
    numberOption('--seed <n>', 'seed of weights, order, augmentation and dropout (default: 0)'),
  ];
}

function runOptions(): Option[] {
  return [
    numberOption('--limit-train <n>', 'only so many training images'),
    numberOption('--limit-test <n>', 'only so many test images'),
    new Option(
      '--class-map <file>',
      'class numbers of an imagefolder’s folders (default: their sorted order)',
    ),
    new Option('--exclude <file>', 'list of training images of an imagefolder to leave out'),
    numberOption(
      '--colour-jitter <strength>',
      'random brightness, contrast and saturation of images in files',
    ),
    numberOption('--hue-jitter <share>', 'random turn of their hue: a share of the colour circle up to 0.5'),
    numberOption('--f32-steps <n>', 'first steps in f32 where the precision is bf16 (default: 200)'),
    numberOption('--workers <n>', 'worker threads that make batches (default: 1)'),
    new Option('--pretrained <file>', 'weights to begin with: .safetensors or .pth'),
    new Option('--recipe <name>', `settings under a name: ${Object.keys(RECIPES).join(', ')}`),
    new Option('--config <file>', 'JSON file with settings; flags override it'),
    new Option('--run-dir <folder>', 'folder of a new run (default: runs/MODEL-DATA-LOSS-TIME)'),
    new Option('--resume <run>', 'go on with the run in this folder, or of this name in runs/'),
    numberOption('--save-every <epochs>', 'keep the checkpoint of every so many epochs'),
    numberOption('--checkpoint-seconds <s>', 'seconds between checkpoints within an epoch (default: 300)'),
    new Option(
      '--accuracies-dir <folder>',
      'folder of accuracy.csv and accuracy_train.csv (default: the run’s)',
    ),
  ];
}

function recipeSettings(name: string | undefined): Partial<TrainConfig> {
  if (name === undefined) return {};
  if (!Object.hasOwn(RECIPES, name))
    throw new UsageError(`there is no recipe ${name}; there is ${Object.keys(RECIPES).join(', ')}`);
  return RECIPES[name]!;
}

/** Settings of a recipe or file with the flags over them. Another model does not take over the hyperparameters. */
function overridden(base: Partial<TrainConfig>, flags: Partial<TrainConfig>): Partial<TrainConfig> {
  const { model = TRAIN_DEFAULTS.model } = base;
  return {
    ...((flags.model ?? model) === model ? base : families.withoutOptions(base)),
    ...checkTrainSettings(flags),
  };
}

/** Settings of a JSON file, whose keys are the flags' names in any spelling: baseLr, base-lr, base_lr. */
function fileSettings(path: string | undefined): Partial<TrainConfig> {
  if (path === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`the configuration ${path} cannot be read as JSON: ${errorMessage(error)}`);
  }
  if (typeof value !== 'object' || value === null) return checkTrainSettings(value, path);
  const camel = (key: string): string =>
    key.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const entries = Object.entries(value).map(([key, item]) => [camel(key), item]);
  const flag = entries.map(([key]) => FLAGS_ALONE.get(key)).find((name) => name !== undefined);
  if (flag !== undefined)
    throw new UsageError(`${path} cannot set ${flag}, which is given on the command line alone`);
  return checkTrainSettings(Array.isArray(value) ? value : Object.fromEntries(entries), path);
}
