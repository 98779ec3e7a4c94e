import { type Command, InvalidArgumentError, Option } from 'commander';
import { familyModels, parseModel } from '../models.js';
import { count, listOfModels } from '../parsing.js';
import type { Int8Options } from './run.js';

/** What the command does. */
export interface Int8Actions {
  int8(options: Int8Options): void | Promise<void>;
}

/** Adds `bench int8`. */
export function addInt8(program: Command, actions: Int8Actions): void {
  program
    .command('int8')
    .description(
      'a Markdown table of models in float and in 8-bit integers in ONNX Runtime: sizes and latencies of one image; of real weights ' +
        'also the classes of images',
    )
    .addOption(
      new Option('--models <names>', 'with new weights, comma-separated; none for none')
        .argParser((text: string) => (text === 'none' ? [] : listOfModels(text)))
        .default(familyModels.map(parseModel), familyModels.join()),
    )
    .option('--weights <file>', 'real weights, for a line of their own')
    .option('--data <folder>', 'images for them, a folder of class folders')
    .addOption(
      new Option('--threads <list>', 'numbers of threads').argParser(listOfCounts).default([1, 2], '1,2'),
    )
    .option('--rounds <n>', 'blocks of ten runs of each model', count, 5)
    .action((options: Int8Options, command: Command) => {
      if ((options.weights === undefined) !== (options.data === undefined))
        command.error('error: --weights and --data go together: give both or neither', { exitCode: 2 });
      return actions.int8(options);
    });
}

function listOfCounts(text: string): number[] {
  const counts = text.split(',').map(count);
  if (new Set(counts).size < counts.length) throw new InvalidArgumentError('It lists a number twice.');
  return counts;
}
