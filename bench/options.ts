import { Command, InvalidArgumentError, Option } from 'commander';
import { engineChoices } from '../src/engines/createEngine.js';
import { UsageError } from '../src/errors.js';
import { defaultThreads } from './candidate.js';
import type { LoaderOptions } from './loader/run.js';
import { type BenchmarkModel, defaultModels, parseModel } from './models.js';
import type { OperationsOptions } from './operations/run.js';
import type { ModelsOptions, ValidateOptions } from './plans.js';
import type { Link } from './ranks/namespaces.js';
import type { NetworkOptions } from './ranks/network.js';
import type { RanksOptions } from './ranks/run.js';

const MODES = ['train', 'eval'] as const;
const ENGINES = ['onednn', 'onnx', 'reference'] as const;
const PRECISIONS = ['f32', 'bf16'] as const;

/** What the commands do. */
export interface Actions {
  models(options: ModelsOptions): void | Promise<void>;
  validate(options: ValidateOptions): void | Promise<void>;
  ops(options: OperationsOptions): void | Promise<void>;
  loader(options: LoaderOptions): void | Promise<void>;
  ranks(options: RanksOptions & { readonly mpirun?: string }): void | Promise<void>;
  network(options: NetworkOptions & { readonly mpirun?: string }): void | Promise<void>;
  cost(options: CostOptions): void | Promise<void>;
}

/** Options of `npm run bench -- cost`. */
export interface CostOptions {
  readonly model: BenchmarkModel;
  /** Of a rank's step. */
  readonly milliseconds: readonly number[];
}

/** The command line of `npm run bench`: `models`, the default, `validate`, `ops`, `loader`, `ranks`, `network` and `cost`. */
export function commandLine(actions: Actions): Command {
  const program = new Command('bench').description(
    'Times this library beside PyTorch: a process each, blocks in turn, medians of the rounds; PyTorch at the ' +
      'faster of its memory formats. The table goes to stdout, progress to stderr.',
  );
  const models = program
    .command('models', { isDefault: true })
    .description('a training step and evaluation of each model')
    .addOption(
      new Option('--models <names>', 'comma-separated; a ratio or width after a dash')
        .argParser(listOfModels)
        .default(defaultModels.map(parseModel), defaultModels.join()),
    )
    .option('--batch <n>', 'images per batch (default: 64; densenet121 and skipblocknet 32)', count)
    .addOption(
      new Option('--modes <list>', 'train, eval or train,eval')
        .argParser(listOf(MODES))
        .default([...MODES], MODES.join()),
    )
    .option('--steps <n>', 'steps of a block (default: as many as last about a second)', count)
    .action((options: ModelsOptions) => actions.models(options));
  const validate = program
    .command('validate')
    .description(
      'ImageNet validation from files to accuracies, the model alone, its latency; PyTorch also frozen',
    )
    .requiredOption('--data <folder>', 'a folder of class folders of images')
    .addOption(
      new Option('--model <name>', 'a width may follow a dash')
        .argParser(oneModel)
        .default(parseModel('skipblocknet'), 'skipblocknet'),
    )
    .action((options: ValidateOptions) => actions.validate(options));
  addOperations(program, actions);
  addLoader(program, actions);
  addRanks(program, actions);
  addNetwork(program, actions);
  addCost(program, actions);
  addCommon(models);
  addCommon(validate);
  return program;
}

function addOperations(program: Command, actions: Actions): void {
  program
    .command('ops')
    .description('every operation in f32 at real size, on each engine, beside PyTorch: least of several runs')
    .addOption(
      new Option('--engines <list>', 'which engines')
        .argParser(listOf(ENGINES))
        .default(['onednn', 'onnx'], 'onednn,onnx'),
    )
    .option('--only <text>', 'only operations whose names contain this')
    .option('--threads <n>', 'threads of either side', count, defaultThreads)
    .option('--rounds <n>', 'runs of each', count, 5)
    .option('--no-pytorch', 'time this library alone')
    .action((options: OperationsOptions) => actions.ops(options));
}

function addLoader(program: Command, actions: Actions): void {
  program
    .command('loader')
    .description(
      'batches of training images with each augmentation: the loader alone, training steps alone, and both at once',
    )
    .addOption(
      new Option('--model <name>', 'a ratio or width may follow a dash')
        .argParser(oneModel)
        .default(parseModel('shufflenetv2-1'), 'shufflenetv2-1'),
    )
    .addOption(
      new Option('--sizes <list>', 'sizes of the images: 32 in memory, others in files')
        .argParser((text: string) => text.split(',').map(count))
        .default([32, 224], '32,224'),
    )
    .option('--data <folder>', 'a folder of class folders of images (default: generated JPEG files)')
    .addOption(new Option('--engine <name>', 'our engine').choices(engineChoices).default('auto'))
    .option('--threads <n>', 'threads of the engine', count, defaultThreads)
    .option('--workers <n>', 'threads of the loader', count, 1)
    .option('--seconds <n>', 'how long each rate is measured', count, 5)
    .option('--only <text>', 'only augmentations whose names contain this')
    .action((options: LoaderOptions) => actions.loader(options));
}

function addRanks(program: Command, actions: Actions): void {
  program
    .command('ranks')
    .description('training steps on several ranks (MPI) beside PyTorch’s DistributedDataParallel over gloo')
    .addOption(
      new Option('--models <names>', 'comma-separated; a ratio or width after a dash')
        .argParser(listOfModels)
        .default(['shufflenetv2-1', 'resnet18'].map(parseModel), 'shufflenetv2-1,resnet18'),
    )
    .option('--batch <n>', 'images of a rank’s part of a batch', count, 32)
    .addOption(
      new Option('--ranks <list>', 'numbers of ranks; the first is what the others are compared with')
        .argParser((text) => text.split(',').map(count))
        .default([1, 2], '1,2'),
    )
    .option('--threads <n>', 'threads of a rank', count, 1)
    .option('--steps <n>', 'steps of a round', count, 10)
    .option('--rounds <n>', 'rounds of each', count, 3)
    .option('--sync-batch-norm', 'statistics of all ranks; this library alone', false)
    .option('--mpirun <program>', 'Open MPI’s or MPICH’s mpirun (default: the installed one)')
    .option('--no-pytorch', 'time this library alone')
    .action((options: RanksOptions & { readonly mpirun?: string }) => actions.ranks(options));
}

function addNetwork(program: Command, actions: Actions): void {
  program
    .command('network')
    .description(
      'training steps of two ranks in two network namespaces with limited links, beside the prediction (root, iproute2, MPI)',
    )
    .addOption(
      new Option('--model <name>', 'a ratio or width may follow a dash')
        .argParser(oneModel)
        .default(parseModel('resnet18'), 'resnet18'),
    )
    .option('--batch <n>', 'images of a rank’s part of a batch', count, 8)
    .addOption(
      new Option('--links <list>', 'Mbit/s and, after a slash, milliseconds of delay each way')
        .argParser((text) => text.split(',').map(oneLink))
        .default(
          ['1000/0', '400/0', '150/0', '1000/1', '400/5'].map(oneLink),
          '1000/0,400/0,150/0,1000/1,400/5',
        ),
    )
    .option('--steps <n>', 'steps of a round', count, 5)
    .option('--rounds <n>', 'rounds of each', count, 3)
    .option('--mpirun <program>', 'Open MPI’s or MPICH’s mpirun (default: the installed one)')
    .action((options: NetworkOptions & { readonly mpirun?: string }) => actions.network(options));
}

function addCost(program: Command, actions: Actions): void {
  program
    .command('cost')
    .description(
      'what the model of a step’s cost says of many machines, as a Markdown table; nothing is timed',
    )
    .addOption(
      new Option('--model <name>', 'a ratio or width may follow a dash')
        .argParser(oneModel)
        .default(parseModel('resnet18'), 'resnet18'),
    )
    .addOption(
      new Option('--milliseconds <list>', 'of a machine’s step')
        .argParser((text) => text.split(',').map(count))
        .default([100, 1000], '100,1000'),
    )
    .action((options: CostOptions) => actions.cost(options));
}

function oneLink(text: string): Link {
  const match = /^(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/.exec(text);
  if (!match) throw new InvalidArgumentError('It lists links such as 1000/0.5.');
  return { bitrate: 1e6 * Number(match[1]), delay: Number(match[2]) / 1000 };
}

function addCommon(command: Command): void {
  command
    .option('--threads <n>', 'threads of either side', count, defaultThreads)
    .addOption(new Option('--engine <name>', 'our engine').choices(engineChoices).default('auto'))
    .addOption(
      new Option('--precision <list>', 'f32, bf16 or f32,bf16; bf16 is also compared with PyTorch in f32')
        .argParser(listOf(PRECISIONS))
        .default(['f32'], 'f32'),
    )
    .option('--rounds <n>', 'blocks of each candidate', count, 5)
    .option('--no-pytorch', 'time this library alone')
    .option('--no-ours', 'time PyTorch alone')
    .option('--json <file>', 'write every figure to a file');
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a positive whole number.');
  return value;
}

/** A list from a fixed choice, separated by commas. */
function listOf<Name extends string>(choice: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(',').map((part) => {
      const found = choice.find((name) => name === part.trim());
      if (found === undefined) throw new InvalidArgumentError(`It lists ${choice.join(', ')}.`);
      return found;
    });
}

function listOfModels(text: string): BenchmarkModel[] {
  return text.split(',').map((label) => oneModel(label.trim()));
}

function oneModel(label: string): BenchmarkModel {
  try {
    return parseModel(label);
  } catch (error) {
    if (error instanceof UsageError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}
