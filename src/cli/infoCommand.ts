import { type Command, Option } from 'commander';
import { describeModel, type ModelDescription } from '../models/describe.js';
import type { Model } from '../models/model.js';
import { createModel } from '../models/registry.js';
import { logFormatOption, modelOptions } from './options.js';
import { formatCount, formatTable, type LogFormat, printJson, printLine } from './output.js';
import { parseCount } from './parsing.js';

interface InfoFlags {
  readonly model: string;
  readonly ratio?: number;
  readonly width?: number;
  readonly classes?: number;
  readonly imageSize?: number;
  readonly logFormat: LogFormat;
}

/** The paper's multiply-adds of SkipblockNet in millions by width (table 1). */
const PAPER_MACS: Readonly<Record<string, number>> = { '0.5': 80, '0.75': 150, '1': 246, '1.25': 365 };

/** Adds the options and the action of `info`. */
export function configureInfo(command: Command): void {
  const [model, ...multipliers] = modelOptions({ unset: '' });
  const options = [
    model!.makeOptionMandatory(),
    ...multipliers,
    new Option('--classes <n>', 'number of classes (default: 100; skipblocknet: 1000)').argParser(parseCount),
    new Option(
      '--image-size <pixels>',
      'height and width of the images (default: the model’s own)',
    ).argParser(parseCount),
    logFormatOption(),
  ];
  for (const option of options) command.addOption(option);
  command.action(runInfo);
}

function runInfo({ model: name, classes, imageSize, ratio, width, logFormat }: InfoFlags): void {
  const model = createModel({
    name,
    classes: classes ?? (name === 'skipblocknet' ? 1000 : 100),
    imageSize,
    ratio,
    width,
  });
  const description = describeModel(model);
  if (logFormat === 'json') {
    const { imageSize: image_size, ...config } = model.config;
    printJson({ event: 'info', model: { ...config, image_size }, ...description });
    return;
  }
  printDescription(description);
  const paper = paperMacs(model);
  if (paper !== undefined) printLine(`the paper says about ${paper} million for this width`);
}

function printDescription({ parameters, macs, stages }: ModelDescription): void {
  const rows = stages.map((stage) => [stage.name, stage.shape.join('×'), (stage.macs / 1e6).toFixed(1)]);
  printLine(formatTable(['stage', 'output', 'million MACs'], rows));
  printLine(
    `\n${formatCount(parameters)} parameters, ${(macs / 1e6).toFixed(1)} million multiply-accumulates`,
  );
}

function paperMacs({ config: { name, imageSize, width } }: Model): number | undefined {
  return name === 'skipblocknet' && imageSize === 224 ? PAPER_MACS[String(width)] : undefined;
}
