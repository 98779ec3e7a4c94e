import { type Command, InvalidArgumentError, Option } from 'commander';
import { defaultModels, parseModel } from '../models.js';
import { count, listOf, listOfModels, pythonOption } from '../parsing.js';
import type { CudaOptions } from './run.js';

/** What the command does. */
export interface CudaActions {
  cuda(options: CudaOptions): void | Promise<void>;
}

const MODES = ['train', 'eval'] as const;
const PRECISIONS = ['f32', 'bf16'] as const;

/** A number above 0. */
function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

/** Adds the command `cuda`. */
export function addCuda(program: Command, actions: CudaActions): void {
  program
    .command('cuda')
    .description(
      'the CUDA engine on an NVIDIA GPU: its tests on the card, training steps and evaluation on batches that are on the card, ' +
        'training with a loader, where the time goes, and PyTorch at the fastest of its ways on the same card (eager or torch.compile, each also as one ' +
        'CUDA graph; channels_last). Tables in Markdown go to stdout, progress to stderr. Other engines: bench models',
    )
    .addOption(
      new Option('--models <names>', 'comma-separated; a ratio or width after a dash')
        .argParser(listOfModels)
        .default(defaultModels.map(parseModel), defaultModels.join()),
    )
    .addOption(
      new Option('--batches <list>', 'batch sizes of 32×32 images')
        .argParser((text: string) => text.split(',').map(count))
        .default([128, 512], '128,512'),
    )
    .option('--large-batch <n>', 'batch size of larger images', count, 128)
    .addOption(
      new Option('--modes <list>', 'train, eval or train,eval')
        .argParser(listOf(MODES))
        .default([...MODES], MODES.join()),
    )
    .addOption(
      new Option(
        '--precision <list>',
        'f32, bf16 or f32,bf16; PyTorch’s f32 is f32 throughout, its bf16 autocast',
      )
        .argParser(listOf(PRECISIONS))
        .default(['bf16'], 'bf16'),
    )
    .option('--seconds <n>', 'how long the timed steps of a figure take together', positive, 0.5)
    .option('--torch <file>', 'PyTorch’s figures: what bench/pytorch/cuda.py --json wrote on the same card')
    .addOption(pythonOption())
    .option('--no-pytorch', 'time this library alone')
    .option('--no-checks', 'leave out the tests on the card')
    .option('--no-loading', 'leave out training with a loader, whose batches come from memory')
    .option('--no-profile', 'leave out the tables of each step’s parts')
    .option('--json <file>', 'write our figures to a file, a JSON line each')
    .action((options: CudaOptions) => actions.cuda(options));
}
