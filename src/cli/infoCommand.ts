import type { Command } from 'commander';
import { describeModel } from '../models/describe.js';
import { createModel } from '../models/registry.js';
import { modelOptions, parseCount } from './options.js';
import { formatCount, formatTable, printLine } from './output.js';

interface InfoFlags {
  readonly model: string;
  readonly ratio?: number;
  readonly width?: number;
  readonly classes?: number;
  readonly imageSize?: number;
}

/** The paper's multiply-adds of SkipblockNet in millions by width (table 1). */
const PAPER_MACS: Readonly<Record<string, number>> = { '0.5': 80, '0.75': 150, '1': 246, '1.25': 365 };

/** Adds the `info` command. */
export function addInfoCommand(program: Command): void {
  const command = program
    .command('info')
    .description('A model’s parameters, multiply-accumulates and output shapes by stage.')
    .option('--classes <n>', 'number of classes (default: 100; skipblocknet: 1000)', parseCount)
    .option('--image-size <pixels>', 'height and width of the images (default: the model’s own)', parseCount)
    .action((flags: InfoFlags) => {
      const { model: name, classes, imageSize, ratio, width } = flags;
      const model = createModel({
        name,
        classes: classes ?? (name === 'skipblocknet' ? 1000 : 100),
        imageSize,
        ratio,
        width,
      });
      const { parameters, macs, stages } = describeModel(model);
      const rows = stages.map((stage) => [stage.name, stage.shape.join('×'), (stage.macs / 1e6).toFixed(1)]);
      printLine(formatTable(['stage', 'output', 'million MACs'], rows));
      printLine(
        `\n${formatCount(parameters)} parameters, ${(macs / 1e6).toFixed(1)} million multiply-accumulates`,
      );
      const paper =
        name === 'skipblocknet' && model.config.imageSize === 224
          ? PAPER_MACS[String(model.config.width)]
          : undefined;
      if (paper !== undefined) printLine(`the paper says about ${paper} million for this width`);
    });
  const [model, ...multipliers] = modelOptions();
  command.addOption(model!.makeOptionMandatory());
  for (const option of multipliers) command.addOption(option);
}
