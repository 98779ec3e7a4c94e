import { Command } from 'commander';
import { launchedRanks } from '../distributed/launcher.js';
import { UsageError } from '../errors.js';
import { packageVersion } from './output.js';
import { refuseMissingValues } from './parsing.js';

/** A command; its options and action are loaded when they are needed. */
interface CommandEntry {
  readonly name: string;
  readonly description: string;
  /** Whether it trains in one process: on several ranks it would do all of it several times, in the same folders. */
  readonly trainsAlone?: true;
  readonly load: () => Promise<(command: Command) => void>;
}

const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'train',
    description: 'Train a model; every setting has the published recipe’s value unless given.',
    load: async () => (await import('./trainCommand.js')).configureTrain,
  },
  {
    name: 'auto',
    trainsAlone: true,
    description:
      'From a folder of images to a model: checks the data, chooses a model, trains, reports, exports.',
    load: async () => (await import('./autoCommand.js')).configureAuto,
  },
  {
    name: 'find-lr',
    trainsAlone: true,
    description: 'Find a learning rate: train while it grows, and draw the loss.',
    load: async () => (await import('./findLrCommand.js')).configureFindLr,
  },
  {
    name: 'kfold',
    trainsAlone: true,
    description: 'Train a run per fold of the images; mean and deviation of their accuracies.',
    load: async () => (await import('./kfoldCommand.js')).configureKfold,
  },
  {
    name: 'launch',
    description: 'Train on several ranks, processes of one machine or of several, with MPI.',
    load: async () => (await import('./launchCommand.js')).configureLaunch,
  },
  {
    name: 'test',
    description: 'Test a checkpoint: top-1, top-5, parameters, images.',
    load: async () => (await import('./testCommand.js')).configureTest,
  },
  {
    name: 'validate',
    description:
      'Validate weights on a folder of class folders (ImageNet’s layout): top-1, top-5, parameters.',
    load: async () => (await import('./validateCommand.js')).configureValidate,
  },
  {
    name: 'predict',
    description: 'The most probable classes of images.',
    load: async () => (await import('./predictCommand.js')).configurePredict,
  },
  {
    name: 'export',
    description: 'Write a model as ONNX, safetensors or PyTorch’s .pth.',
    load: async () => (await import('./exportCommand.js')).configureExport,
  },
  {
    name: 'check-data',
    description: 'Decode every image of folders or archives; list what would stop or harm training.',
    load: async () => (await import('./checkDataCommand.js')).configureCheckData,
  },
  {
    name: 'info',
    description: 'A model’s parameters, multiply-accumulates and output shapes by stage.',
    load: async () => (await import('./infoCommand.js')).configureInfo,
  },
  {
    name: 'models',
    description: 'List every model with its variants, parameters and multiply-accumulates.',
    load: async () => (await import('./modelsCommand.js')).configureModels,
  },
  {
    name: 'doctor',
    description: 'What this machine has: engines, processor features, versions.',
    load: async () => (await import('./doctorCommand.js')).configureDoctor,
  },
  {
    name: 'curves',
    description: 'Plot a metric of runs by epoch, and list its final values.',
    load: async () => (await import('./curvesCommand.js')).configureCurves,
  },
  {
    name: 'compare',
    description:
      'Compare runs: settings that differ, last and best values, means over seeds with a paired test.',
    load: async () => (await import('./compareCommand.js')).configureCompare,
  },
  {
    name: 'sweep',
    trainsAlone: true,
    description: 'Train runs over combinations of settings and seeds, and compare them.',
    load: async () => (await import('./sweepCommand.js')).configureSweep,
  },
  {
    name: 'report',
    description: 'Write a run’s report as a page: curves, classes, confusion, calibration, images, Grad-CAM.',
    load: async () => (await import('./reportCommand.js')).configureReport,
  },
  {
    name: 'inspect',
    description:
      'Images of a run to look at: likely label errors, near-duplicates, least variance, greatest loss.',
    load: async () => (await import('./inspectCommand.js')).configureInspect,
  },
  {
    name: 'studio',
    trainsAlone: true,
    description: 'Open a local page: watch, compare, start and stop runs.',
    load: async () => (await import('./studioCommand.js')).configureStudio,
  },
  {
    name: 'profile',
    description: 'Time per primitive of a training step or of evaluation.',
    load: async () => (await import('./profileCommand.js')).configureProfile,
  },
  {
    name: 'quickstart',
    trainsAlone: true,
    description:
      'Train shufflenetv2 0.5 on generated images with both losses; prints accuracies and writes a chart of the curves.',
    load: async () => (await import('./quickstartCommand.js')).configureQuickstart,
  },
  {
    name: 'completion',
    description: 'Print a script that completes commands, flags and their values in a shell.',
    load: async () => {
      const { configureCompletion } = await import('./completionCommand.js');
      return (command) => configureCompletion(command, () => buildProgram('all'));
    },
  },
];

/**
 * The command line as a tree of commands.
 *
 * @param wanted names of the commands whose options are loaded; the others are names alone
 */
export async function buildProgram(wanted: readonly string[] | 'all'): Promise<Command> {
  const program = new Command('biasloss')
    .description(
      'Train, test and ship compact image classifiers: bias loss, SkipblockNet, CIFAR and ImageNet.',
    )
    .version(packageVersion())
    .option('--debug', 'print stack traces of errors')
    .exitOverride();
  for (const { name, description, trainsAlone, load } of COMMANDS) {
    const command = program.command(name).description(description).exitOverride();
    if (trainsAlone) command.hook('preAction', () => refuseRanks(name));
    if (wanted === 'all' || wanted.includes(name)) {
      (await load())(command);
      refuseMissingValues(command);
    } else {
      // Commands without options loaded must not take the following arguments.
      command.allowUnknownOption().allowExcessArguments();
    }
  }
  return program;
}

/** @throws UsageError where a launcher has started the command on several ranks */
function refuseRanks(name: string): void {
  const { size } = launchedRanks();
  if (size > 1)
    throw new UsageError(
      `${name} runs in one process, and was started on ${size} ranks: of the commands that train only train takes several`,
    );
}
