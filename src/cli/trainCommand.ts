import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { engineChoices } from '../engines/createEngine.js';
import { errorMessage, UsageError } from '../errors.js';
import { modelNames } from '../models/registry.js';
import { checkTrainSettings, RECIPES, TRAIN_DEFAULTS, type TrainConfig } from '../train/trainConfig.js';
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

/** Settings that may differ from the run's own when it goes on. */
const RESUMABLE: readonly (keyof TrainConfig)[] = [
  'epochs',
  'dataPath',
  'download',
  'threads',
  'engine',
  'workers',
  'checkpointSeconds',
  'saveEvery',
];

/** Reads a number for commander. */
export function parseNumber(value: string): number {
  const parsed = Number(value);
  if (value.trim() === '' || !Number.isFinite(parsed)) throw new InvalidArgumentError('It must be a number.');
  return parsed;
}

function parseNumbers(value: string, previous: unknown): number[] {
  return [...(Array.isArray(previous) ? (previous as number[]) : []), parseNumber(value)];
}

/** Adds the `train` command. */
export function addTrainCommand(program: Command): void {
  const command = program
    .command('train')
    .description('Train a model; every setting has the published recipe’s value unless given.')
    .option('--model <name>', `model: ${modelNames.join(', ')} (default: ${TRAIN_DEFAULTS.model})`)
    .option('--ratio <number>', 'channel multiplier of shufflenetv2: 0.5, 1, 1.5 or 2', parseNumber)
    .option('--width <number>', 'channel multiplier of skipblocknet', parseNumber)
    .option('--image-size <pixels>', 'height and width of the pictures', parseNumber)
    .addOption(
      new Option('--data <name>', 'data (default: cifar100)').choices(['cifar100', 'cifar10', 'synthetic']),
    )
    .option('--data-path <path>', 'folder or archive of the data (default: data)')
    .option('--download', 'fetch the official archive if the data is missing')
    .addOption(
      new Option('--loss <name>', 'bias loss or cross-entropy (default: bias)').choices(['bias', 'ce']),
    )
    .option('--alpha <number>', 'α of the bias loss’s weight exp(α·u) − β (default: 0.3)', parseNumber)
    .option('--beta <number>', 'β of it (default: 0.3)', parseNumber)
    .addOption(
      new Option('--norm-mode <mode>', 'normalisation of the variance (default: global)').choices([
        'global',
        'local',
      ]),
    )
    .option(
      '--label-smoothing <share>',
      'share of the target spread over all classes (default: 0)',
      parseNumber,
    )
    .option('--epochs <n>', `epochs (default: ${TRAIN_DEFAULTS.epochs})`, parseNumber)
    .option('--batch-size <n>', `pictures of a step (default: ${TRAIN_DEFAULTS.batchSize})`, parseNumber)
    .option('--base-lr <rate>', `learning rate (default: ${TRAIN_DEFAULTS.baseLr})`, parseNumber)
    .option('--momentum <number>', `momentum (default: ${TRAIN_DEFAULTS.momentum})`, parseNumber)
    .option('--nesterov', 'Nesterov’s momentum')
    .option('--weight-decay <number>', `weight decay (default: ${TRAIN_DEFAULTS.weightDecay})`, parseNumber)
    .addOption(
      new Option('--schedule <name>', 'learning rate schedule (default: multistep)').choices([
        'multistep',
        'cosine',
      ]),
    )
    .option(
      '--milestones <epoch...>',
      'epochs after which multistep divides the rate by 10 (default: 80 122)',
      parseNumbers,
    )
    .option('--warmup-epochs <n>', 'epochs of linear warm-up (default: 0)', parseNumber)
    .option('--seed <n>', 'seed of weights, order, augmentation and dropout (default: 0)', parseNumber)
    .option('--threads <n>', 'threads of computation (default: all)', parseNumber)
    .addOption(new Option('--engine <name>', 'engine (default: auto)').choices([...engineChoices]))
    .addOption(
      new Option('--precision <name>', 'arithmetic of convolutions (default: f32)').choices([
        'auto',
        'f32',
        'bf16',
      ]),
    )
    .option('--limit-train <n>', 'only so many training pictures', parseNumber)
    .option('--limit-test <n>', 'only so many test pictures', parseNumber)
    .option('--pretrained <file>', 'weights to begin with')
    .option('--save-every <epochs>', 'keep every so many epochs’ checkpoint', parseNumber)
    .option(
      '--checkpoint-seconds <s>',
      'seconds between checkpoints within an epoch (default: 300)',
      parseNumber,
    )
    .option('--workers <n>', 'worker threads that make batches (default: 1)', parseNumber)
    .option('--recipe <name>', `settings under a name: ${Object.keys(RECIPES).join(', ')}`)
    .option('--config <file>', 'JSON file with settings; flags override it')
    .option('--run-dir <folder>', 'folder of the run (default: runs/MODEL-LOSS-TIME)')
    .option('--resume <run>', 'go on with the run in this folder, or of this name in runs/')
    .addOption(
      new Option('--log-format <format>', 'what is printed').choices(['text', 'json']).default('text'),
    )
    .addOption(
      new Option('--classes <n>', 'as the published script; must be the data’s')
        .argParser(parseNumber)
        .hideHelp(),
    )
    .addOption(new Option('--device <name>', 'as the published script; only cpu').choices(['cpu']).hideHelp())
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  biasloss train --data synthetic --ratio 0.5 --epochs 4\n' +
        '  biasloss train --model resnet18 --data-path data --download --recipe biasloss-cifar100\n' +
        '  biasloss train --resume runs/NAME',
    );
  command.action(async (flags: TrainFlags & Partial<TrainConfig>) => {
    const { config, recipe, runDir, resume, logFormat, classes, device: _, ...settings } = flags;
    const layers = { ...recipeSettings(recipe), ...fileSettings(config), ...checkTrainSettings(settings) };
    await runTraining({
      settings: layers,
      resumable: resume === undefined ? [] : RESUMABLE,
      runDir,
      resume,
      logFormat,
      classes,
    });
  });
}

function recipeSettings(name: string | undefined): Partial<TrainConfig> {
  if (name === undefined) return {};
  const recipe = RECIPES[name];
  if (!recipe)
    throw new UsageError(`there is no recipe ${name}; there is ${Object.keys(RECIPES).join(', ')}`);
  return recipe;
}

/** Settings of a JSON file, whose keys are the flags' names in either spelling. */
function fileSettings(path: string | undefined): Partial<TrainConfig> {
  if (path === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`the configuration ${join(path)} cannot be read as JSON: ${errorMessage(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`the configuration ${path} must be a JSON object of settings`);
  }
  const camel = (key: string): string =>
    key.replace(/[-_]([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return checkTrainSettings(
    Object.fromEntries(Object.entries(value).map(([key, item]) => [camel(key), item])),
    path,
  );
}
