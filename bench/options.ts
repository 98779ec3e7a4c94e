import { Command, InvalidArgumentError, Option } from 'commander';
import { engineChoices } from '../src/engines/createEngine.js';
import { UsageError } from '../src/errors.js';
import { defaultThreads } from './candidate.js';
import { type BenchmarkModel, defaultModels, parseModel } from './models.js';
import type { Mode, Precision } from './protocol.js';

/** What the benchmark is to run. */
export interface BenchmarkOptions {
  readonly models: readonly BenchmarkModel[];
  readonly batch?: number;
  readonly threads: number;
  readonly engine: string;
  readonly precisions: readonly Precision[];
  readonly modes: readonly Mode[];
  readonly rounds: number;
  readonly steps?: number;
  readonly pytorch: boolean;
  readonly ours: boolean;
  readonly json?: string;
}

const MODES = ['train', 'eval'] as const;
const PRECISIONS = ['f32', 'bf16'] as const;

/** A positive whole number. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a positive whole number.');
  return value;
}

/** A list from a fixed choice, separated by commas. */
export function listOf<Name extends string>(choice: readonly Name[]): (text: string) => Name[] {
  return (text) =>
    text.split(',').map((part) => {
      const found = choice.find((name) => name === part.trim());
      if (found === undefined) throw new InvalidArgumentError(`It lists ${choice.join(', ')}.`);
      return found;
    });
}

function models(text: string): BenchmarkModel[] {
  try {
    return text.split(',').map((label) => parseModel(label.trim()));
  } catch (error) {
    if (error instanceof UsageError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** The command line of `npm run bench`. */
export function benchmarkCommand(): Command {
  return new Command('bench')
    .description(
      'Times a training step and evaluation of each model beside PyTorch: a process each, blocks in turn, ' +
        'medians of the rounds; PyTorch at the faster of its memory formats. The table goes to stdout, progress to stderr.',
    )
    .addOption(
      new Option('--models <names>', 'comma-separated; a ratio or width after a dash')
        .argParser(models)
        .default(defaultModels.map(parseModel), defaultModels.join()),
    )
    .option('--batch <n>', 'pictures of a batch (default: 64; densenet121 and skipblocknet 32)', count)
    .option('--threads <n>', 'threads of either side', count, defaultThreads)
    .addOption(new Option('--engine <name>', 'our engine').choices(engineChoices).default('auto'))
    .addOption(
      new Option('--precision <list>', 'f32, bf16 or f32,bf16; bf16 is also compared with PyTorch in f32')
        .argParser(listOf(PRECISIONS))
        .default(['f32'], 'f32'),
    )
    .addOption(
      new Option('--modes <list>', 'train, eval or train,eval')
        .argParser(listOf(MODES))
        .default([...MODES], MODES.join()),
    )
    .option('--rounds <n>', 'blocks of each candidate', count, 5)
    .option('--steps <n>', 'steps of a block (default: as many as last about a second)', count)
    .option('--no-pytorch', 'time this library alone')
    .option('--no-ours', 'time PyTorch alone')
    .option('--json <file>', 'write every figure to a file');
}

/** The options that a parsed command line states. */
export function benchmarkOptions(command: Command): BenchmarkOptions {
  const { precision, ...rest } = command.opts<
    Omit<BenchmarkOptions, 'precisions'> & { precision: Precision[] }
  >();
  return { ...rest, precisions: precision };
}
