import { type Command, Option } from 'commander';
import { describeModel, type ModelDescription } from '../models/describe.js';
import { families } from '../models/registry.js';
import { LARGEST_IMAGE } from '../runs/settings/setting.js';
import { type ModelFlags, modelOfFlags } from './modelFlags.js';
import { logFormatOption, modelOptions } from './options.js';
import { formatCount, formatTable, type LogFormat, printJson, printLine } from './output.js';
import { parseCount, parseCountUpTo } from './parsing.js';
import { settingOption } from './settingOptions.js';

interface InfoFlags extends ModelFlags {
  readonly logFormat: LogFormat;
}

/** Adds the options and the action of `info`. */
export function configureInfo(command: Command): void {
  const [model, ...multipliers] = modelOptions({ unset: '' });
  const options = [
    model!.makeOptionMandatory(),
    ...multipliers,
    new Option(
      '--classes <n>',
      'number of classes (default: those of the data that it is published for)',
    ).argParser(parseCount),
    new Option(
      '--image-size <pixels>',
      'height and width of the images (default: the model’s own)',
    ).argParser(parseCountUpTo(LARGEST_IMAGE)),
    settingOption('imageChannels', { unset: '3' }),
    logFormatOption(),
  ];
  for (const option of options) command.addOption(option);
  command.action(runInfo);
}

function runInfo({ logFormat, ...flags }: InfoFlags): void {
  const model = modelOfFlags(flags);
  const description = describeModel(model);
  if (logFormat === 'json') {
    const { imageSize: image_size, ...config } = model.config;
    printJson({ event: 'info', model: { ...config, image_size }, ...description });
    return;
  }
  printDescription(description);
  const published = families.published(model);
  if (published !== undefined) printLine(published);
}

function printDescription({ parameters, macs, stages }: ModelDescription): void {
  const rows = stages.map((stage) => [stage.name, stage.shape.join('×'), (stage.macs / 1e6).toFixed(1)]);
  printLine(formatTable(['stage', 'output', 'million MACs'], rows));
  printLine(
    `\n${formatCount(parameters)} parameters, ${(macs / 1e6).toFixed(1)} million multiply-accumulates`,
  );
}
