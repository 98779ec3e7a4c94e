import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { PART_NAMES, type PartName } from '../data/folders/partNames.js';
import { UsageError } from '../errors.js';
import { oneLine } from '../formats/quote.js';
import { inspectFolds } from '../report/inspect/inspectFolds.js';
import { exclusionList, inspectionCsv } from '../report/inspect/inspectionTexts.js';
import { type InspectedImage, type Inspection, inspectRun } from '../report/inspect/inspectRun.js';
import { hasKFold } from '../runs/kfold.js';
import { runFolderOf } from '../runs/metricsFile.js';
import { RUNS } from '../runs/openRun.js';
import { logFormatOption } from './options.js';
import {
  formatCount,
  formatPercent,
  formatTable,
  type LogFormat,
  printJson,
  printLine,
  printNotice,
} from './output.js';
import { checkOutput, writeOutput } from './outputFile.js';
import { NameOption, parseCount } from './parsing.js';

interface InspectFlags {
  readonly part: PartName;
  readonly limit: number;
  readonly most: number;
  readonly csv?: string;
  readonly writeExclude?: string;
  readonly logFormat: LogFormat;
}

/** Adds the argument, options and action of `inspect`. */
export function configureInspect(command: Command): void {
  command
    .argument('<run>', 'folder of a run or of a k-fold training, or its name in runs/')
    .addOption(new NameOption('--part <name>', 'part of the data', PART_NAMES).default('val'))
    .addOption(
      new Option('--limit <n>', 'images looked at; of more, a sample').argParser(parseCount).default(10_000),
    )
    .addOption(
      new Option('--most <n>', 'images of least variance, of greatest loss, and lines of a table')
        .argParser(parseCount)
        .default(20),
    )
    .option('--csv <file>', 'write everything that was found as CSV')
    .option('--write-exclude <file>', 'write the likely label errors as a list for train --exclude')
    .addOption(logFormatOption())
    .addHelpText(
      'after',
      '\nProbabilities are those of the run’s best checkpoint, or else its last. Images that it was not trained on (val,' +
        '\ntest) show label errors best: with a part of the training images it has learned wrong labels, too.' +
        '\nOf a k-fold training all images are looked at, each with the model of the fold that held it out.' +
        '\n\nExamples:\n  biasloss inspect runs/NAME --write-exclude wrong.txt\n  biasloss inspect runs/kfold-TIME',
    )
    .action(runInspect);
}

async function runInspect(run: string, flags: InspectFlags): Promise<void> {
  const { part, limit, most, csv, writeExclude, logFormat } = flags;
  checkOutput(csv, '--csv', ['.csv']);
  checkOutput(writeExclude, '--write-exclude', ['']);
  if (writeExclude !== undefined && existsSync(writeExclude))
    throw new UsageError(`${writeExclude} already exists: --write-exclude takes the name of a new file`);
  const needsFiles = writeExclude !== undefined;
  const folds = [run, join(RUNS, run)].find(hasKFold);
  if (folds !== undefined && part !== 'val')
    throw new UsageError(
      `--part ${part} is for a run: of a k-fold training such as ${folds} each image is one that was held out`,
    );
  const inspection =
    folds === undefined
      ? await inspectRun(runFolderOf(run), { part, limit, most, needsFiles })
      : await inspectFolds(folds, { limit, most, needsFiles });
  for (const text of inspection.changes) printNotice(text);
  if (csv !== undefined) await writeOutput(csv, inspectionCsv(inspection));
  if (writeExclude !== undefined) await writeOutput(writeExclude, exclusionList(inspection));
  if (logFormat === 'json') {
    printJson(recordOf(inspection));
    return;
  }
  printInspection(inspection, most);
  for (const path of [csv, writeExclude]) if (path !== undefined) printLine(`\nwritten: ${path}`);
}

/** Where probabilities come from. */
function sourceOf({ part, folds }: Inspection): string {
  if (folds !== undefined) return `of each image by the model of the fold that held it out, of ${folds}`;
  return part === 'train'
    ? 'the run’s model on images that it was trained on: it has learned wrong labels, too'
    : 'the run’s model on images that it was not trained on';
}

function recordOf(inspection: Inspection): Readonly<Record<string, unknown>> {
  const { checkpoint, part, folds, images, ofImages, labelErrors, leastVariance, greatestLoss } = inspection;
  return {
    event: 'inspection',
    ...(folds === undefined ? { checkpoint, part } : { kfold: checkpoint, folds }),
    probabilities: folds !== undefined ? 'out-of-fold' : part === 'train' ? 'in-sample' : 'held-out',
    images,
    of_images: ofImages,
    label_errors: labelErrors.map(imageRecord),
    near_duplicates: inspection.nearDuplicates.map((group) => group.map(imageRecord)),
    least_variance: leastVariance.map(imageRecord),
    greatest_loss: greatestLoss.map(imageRecord),
  };
}

function imageRecord({ label, labelProbability, ...others }: InspectedImage) {
  return { ...others, class: label, class_probability: labelProbability };
}

function printInspection(inspection: Inspection, most: number): void {
  const { checkpoint, part, folds, images, ofImages, labelErrors, leastVariance, greatestLoss } = inspection;
  const some = images < ofImages ? ` of ${formatCount(ofImages)}` : '';
  const which = folds === undefined ? part : 'all folds';
  printLine(`${checkpoint} on ${formatCount(images)}${some} images (${which})`);
  printLine(`probabilities: ${sourceOf(inspection)}`);
  printFindings('likely label errors', labelErrors, most);
  printDuplicates(inspection.nearDuplicates, most);
  printFindings('least variance', leastVariance, most);
  printFindings('greatest loss', greatestLoss, most);
}

function printFindings(name: string, images: readonly InspectedImage[], most: number): void {
  printLine(`\n${name}: ${formatCount(images.length)}${images.length > most ? `, the first ${most}` : ''}`);
  if (images.length === 0) return;
  const share = (value: number): string => formatPercent(100 * value);
  const rows = images
    .slice(0, most)
    .map(({ image, label, labelProbability, predicted, probability, loss, variance }) => [
      image,
      `${label} ${share(labelProbability)}`,
      `${predicted} ${share(probability)}`,
      loss.toFixed(2),
      String(Number(variance.toPrecision(3))),
    ]);
  printLine(formatTable(['image', 'labelled', 'predicted', 'loss', 'variance'], rows));
}

function printDuplicates(groups: Inspection['nearDuplicates'], most: number): void {
  const more = groups.length > most ? `, the first ${most}` : '';
  printLine(`\ngroups of near-duplicates: ${formatCount(groups.length)}${more}`);
  for (const group of groups.slice(0, most)) {
    const isMixed = new Set(group.map(({ label }) => label)).size > 1;
    printLine(
      `${group.map(({ image }) => oneLine(image)).join(', ')}${isMixed ? ' (of different classes)' : ''}`,
    );
  }
}
