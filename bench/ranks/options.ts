import { type Command, InvalidArgumentError, Option } from 'commander';
import { type BenchmarkModel, parseModel } from '../models.js';
import { count, listOfModels, oneModel, pythonOption } from '../parsing.js';
import type { Link } from './namespaces.js';
import type { NetworkOptions } from './network.js';
import type { RanksOptions } from './run.js';

/** Options of `npm run bench -- ranks`. */
export interface RanksCommandOptions extends Omit<RanksOptions, 'python'> {
  readonly mpirun?: string;
  /** The Python that has PyTorch; false for none. */
  readonly pytorch: string | false;
}

/** What the commands about several ranks do. */
export interface RankActions {
  ranks(options: RanksCommandOptions): void | Promise<void>;
  network(options: NetworkOptions & { readonly mpirun?: string }): void | Promise<void>;
  cost(options: CostOptions): void | Promise<void>;
}

/** Options of `npm run bench -- cost`. */
export interface CostOptions {
  readonly model: BenchmarkModel;
  /** Of a rank's step. */
  readonly milliseconds: readonly number[];
}

/** Adds the commands `ranks`, `network` and `cost`. */
export function addRankCommands(program: Command, actions: RankActions): void {
  addRanks(program, actions);
  addNetwork(program, actions);
  addCost(program, actions);
}

function addRanks(program: Command, actions: RankActions): void {
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
    .option('--steps <n>', 'steps of a round, two or more', stepCount, 8)
    .option('--rounds <n>', 'rounds of each', count, 3)
    .addOption(new Option('--precision <name>', 'of both sides').choices(['f32', 'bf16']).default('f32'))
    .option('--sync-batch-norm', 'statistics of all ranks; this library alone', false)
    .option('--mpirun <program>', 'Open MPI’s or MPICH’s mpirun (default: the installed one)')
    .addOption(pythonOption())
    .option('--no-pytorch', 'time this library alone')
    .action((options: RanksCommandOptions) => actions.ranks(options));
}

function addNetwork(program: Command, actions: RankActions): void {
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
        .default(['1000/0', '400/1', '150/5'].map(oneLink), '1000/0,400/1,150/5'),
    )
    .option('--steps <n>', 'steps of a round', count, 5)
    .option('--rounds <n>', 'rounds of each', count, 3)
    .option('--mpirun <program>', 'Open MPI’s or MPICH’s mpirun (default: the installed one)')
    .action((options: NetworkOptions & { readonly mpirun?: string }) => actions.network(options));
}

function addCost(program: Command, actions: RankActions): void {
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

/** Pairs of steps are compared. */
function stepCount(text: string): number {
  const steps = count(text);
  if (steps < 2) throw new InvalidArgumentError('It must be 2 or more.');
  return steps;
}

function oneLink(text: string): Link {
  const match = /^(\d+(?:\.\d+)?)\/(\d+(?:\.\d+)?)$/.exec(text);
  if (!match) throw new InvalidArgumentError('It lists links such as 1000/0.5.');
  return { bitrate: 1e6 * Number(match[1]), delay: Number(match[2]) / 1000 };
}
