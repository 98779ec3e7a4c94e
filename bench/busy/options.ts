import { type Command, Option } from 'commander';
import { engineChoices } from '../../src/engines/createEngine.js';
import { defaultThreads } from '../candidate.js';
import { parseModel } from '../models.js';
import { count, listOfModels, pythonOption, wholeNumber } from '../parsing.js';
import type { BusyOptions } from './run.js';

const MODELS = ['resnet18', 'shufflenetv2-0.5', 'shufflenetv2-1'];

/** What the command does. */
export interface BusyActions {
  busy(options: BusyOptions): void | Promise<void>;
}

/** Adds `bench busy`. */
export function addBusy(program: Command, actions: BusyActions): void {
  program
    .command('busy')
    .description('training steps alone, and beside a process that keeps one processor busy (Linux)')
    .addOption(
      new Option('--models <names>', 'comma-separated; a ratio or width after a dash')
        .argParser(listOfModels)
        .default(MODELS.map(parseModel), MODELS.join()),
    )
    .option('--threads <n>', 'threads of PyTorch, and of ours beside auto', count, defaultThreads)
    .addOption(new Option('--engine <name>', 'our engine').choices(engineChoices).default('auto'))
    .option('--processor <n>', 'the one that is kept busy, from 0', wholeNumber, 1)
    .option('--seconds <n>', 'how long each rate is measured', count, 15)
    .addOption(pythonOption())
    .option('--no-pytorch', 'this library alone')
    .action((options: BusyOptions) => actions.busy(options));
}
