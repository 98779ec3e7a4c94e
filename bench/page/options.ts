import { type Command, Option } from 'commander';
import { count, listOf } from '../parsing.js';
import { NET_NAMES } from './nets.js';
import type { PageOptions } from './run.js';

/** What the command does. */
export interface PageActions {
  page(options: PageOptions): void | Promise<void>;
}

/** Adds the command `page`. */
export function addPage(program: Command, actions: PageActions): void {
  program
    .command('page')
    .description(
      'training two small networks in isolated pages of one headless Chromium, on WebAssembly: this library, TensorFlow.js and jax-js, ' +
        'these with convolutions written by hand, and this library on ONNX Runtime in Node; blocks in turn, the same losses checked',
    )
    .addOption(
      new Option('--net <list>', '1 (28×28×1, two convolutions), 2 (32×32×3, three with batch normalisation)')
        .argParser(listOf(NET_NAMES))
        .default([...NET_NAMES], NET_NAMES.join()),
    )
    .option('--threads <n>', 'threads of each side', count, 2)
    .option('--rounds <n>', 'blocks of each side', count, 5)
    .option('--steps <n>', 'steps of a block (default: as many as last about a second)', count)
    .option(
      '--peers <folder>',
      'folder that TensorFlow.js and jax-js are installed in (default: this library alone)',
    )
    .action(({ net, ...options }: Omit<PageOptions, 'nets'> & { net: PageOptions['nets'] }) =>
      actions.page({ ...options, nets: net }),
    );
}
