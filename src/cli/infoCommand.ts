import type { Command } from 'commander';
import { describeModel } from '../models/describe.js';
import { families } from '../models/registry.js';
import { type ModelFlags, modelOfFlags } from './modelFlags.js';
import { imageChannelsOption, modelOptions, parseCount } from './options.js';
import { formatCount, formatTable, printLine } from './output.js';

/** Adds the `info` command. */
export function addInfoCommand(program: Command): void {
  const command = program
    .command('info')
    .description('A model’s parameters, multiply-accumulates and output shapes by stage.')
    .option(
      '--classes <n>',
      'number of classes (default: those of the data that it is published for)',
      parseCount,
    )
    .option('--image-size <pixels>', 'height and width of the images (default: the model’s own)', parseCount)
    .action((flags: ModelFlags) => {
      const model = modelOfFlags(flags);
      const { parameters, macs, stages } = describeModel(model);
      const rows = stages.map((stage) => [stage.name, stage.shape.join('×'), (stage.macs / 1e6).toFixed(1)]);
      printLine(formatTable(['stage', 'output', 'million MACs'], rows));
      printLine(
        `\n${formatCount(parameters)} parameters, ${(macs / 1e6).toFixed(1)} million multiply-accumulates`,
      );
      const published = families.published(model);
      if (published !== undefined) printLine(published);
    });
  const [model, ...options] = [...modelOptions(), imageChannelsOption('(default: 3)')];
  command.addOption(model!.makeOptionMandatory());
  for (const option of options) command.addOption(option);
}
