import { type Command, Option } from 'commander';
import type { ImageDataset } from '../data/dataset.js';
import { classMapNotes, readClassMap } from '../data/folders/classMap.js';
import { readImageFolder } from '../data/folders/imageFolder.js';
import { findLayout } from '../data/folders/layout.js';
import type { LeftOut } from '../data/folders/leftOut.js';
import { Loader } from '../data/loader.js';
import { type DataSummary, summaryLines } from '../data/parts/summary.js';
import type { Preprocessing } from '../data/preprocessing.js';
import { findShardParts, isWebDataset } from '../data/webdataset/shards.js';
import { webDataset } from '../data/webdataset/webDataset.js';
import { sleepSoonWhenIdle } from '../engines/host/idle.js';
import { UsageError } from '../errors.js';
import { asModelClasses, asNumberedClasses } from '../runs/classMapping.js';
import { notFiniteRecord } from '../runs/eventRecord.js';
import { archiveEvents } from '../runs/loadData.js';
import { MOST_WORKERS } from '../runs/settings/setting.js';
import { accuracyOver } from '../train/evaluate.js';
import type { Accuracy } from '../train/metrics.js';
import type { EngineFlags } from './classifier.js';
import {
  augmented,
  type BatchPredictor,
  describeCounts,
  type EvaluatedModel,
  evaluatedOnnx,
  evaluatedWeights,
} from './evaluatedModel.js';
import { isOnnxFile, openOnnxFile } from './onnxFile.js';
import { engineOptions, logFormatOption, ttaOption } from './options.js';
import {
  formatAccuracy,
  type LogFormat,
  noticeNotFinite,
  printJson,
  printLine,
  printNotice,
} from './output.js';
import { parseCount, parseCountUpTo } from './parsing.js';
import { runLog } from './runLog.js';
import { noticeOrder } from './weightsData.js';
import { openClassifier, type WeightsFlags, weightsOptions } from './weightsFlags.js';

interface ValidateFlags extends WeightsFlags, EngineFlags {
  readonly data: string;
  readonly batchSize: number;
  readonly logFreq: number;
  readonly workers: number;
  readonly tta?: 'flip';
  readonly logFormat: LogFormat;
}

/** Adds the options and the action of `validate`. */
export function configureValidate(command: Command): void {
  command
    .requiredOption(
      '--data <dir>',
      'folder with one subfolder per class, or with val/ that has them; or .tar archives (WebDataset), also by URL',
    )
    .addHelpText(
      'after',
      '\nThe checkpoint may also be an .onnx model written by export.\n' +
        '\nExample:\n  biasloss validate --data imagenet --checkpoint skipblocknet-m.pth\n  biasloss validate --data some-classes --checkpoint skipblocknet-m.pth --class-map imagenet_class_index.json',
    );
  const options = [
    ...weightsOptions('class numbers of the folders, for a subset of the classes'),
    new Option('--batch-size <n>', 'images per batch; --log-freq counts batches')
      .argParser(parseCount)
      .default(256),
    new Option('--log-freq <n>', 'batches between lines of progress').argParser(parseCount).default(10),
    new Option('--workers <n>', 'worker threads that decode images')
      .argParser(parseCountUpTo(MOST_WORKERS))
      .default(2),
    ttaOption(),
    ...engineOptions(),
    logFormatOption(),
  ];
  for (const option of options) command.addOption(option);
  command.action(runValidate);
}

/**
 * Images that the engine computes at a time, even if the batch is larger: accuracies are the same, more images need
 * more memory and are no faster, and nothing is computed until the first are decoded.
 */
const MOST_AT_ONCE = 32;

async function runValidate(flags: ValidateFlags): Promise<void> {
  const validated = await openEvaluated(flags);
  const { classes, preprocessing, parameters } = validated;
  const dataset = await validationSet(flags, classes);
  sleepSoonWhenIdle();
  const batchSize = Math.min(flags.batchSize, MOST_AT_ONCE, dataset.count);
  const accuracy = await validated.run({ ...flags, batchSize }, (predictor) =>
    validateOn(dataset, augmented(predictor, flags.tta), { ...flags, preprocessing }),
  );
  const { top1, top5, crossEntropy, images, notFinite } = accuracy;
  noticeNotFinite(accuracy);
  if (flags.logFormat === 'json') {
    const counts = { parameters, images, ...notFiniteRecord('not_finite', notFinite) };
    printJson({ event: 'result', top1, top5, cross_entropy: crossEntropy, ...counts });
  } else {
    printLine(formatAccuracy(accuracy, classes.length));
    printLine(describeCounts(parameters, images));
  }
}

/** The model in the checkpoint: weights, or an exported model. */
async function openEvaluated(flags: ValidateFlags): Promise<EvaluatedModel> {
  if (isOnnxFile(flags.checkpoint)) return evaluatedOnnx(await openOnnxFile(flags));
  const { weights, model, description } = await openClassifier(flags, false);
  return evaluatedWeights(weights, model, description);
}

/**
 * The images, with class numbers of the model: by the names of the folders, or by the class map; archives hold the
 * numbers themselves. What was found is printed.
 */
async function validationSet(flags: ValidateFlags, names: readonly string[]): Promise<ImageDataset> {
  const isArchives = isWebDataset(flags.data);
  const { dataset, summary } = isArchives ? await ofArchives(flags, names) : ofFolders(flags, names);
  for (const line of summaryLines(summary)) printNotice(line);
  return dataset;
}

interface ValidationSet {
  readonly dataset: ImageDataset;
  readonly summary: DataSummary;
}

async function ofArchives(
  { data, classMap }: ValidateFlags,
  names: readonly string[],
): Promise<ValidationSet> {
  if (classMap !== undefined) throw new UsageError('--class-map is for folders; archives hold class numbers');
  const { parts, beside } = findShardParts(data);
  const { val, test, all } = parts;
  const shards = (val ?? test ?? all)!;
  const dataset = await webDataset(shards, { classes: names, remote: archiveEvents(runLog()) });
  const leftOut = beside.map((path): LeftOut => ({ path, reason: 'beside' }));
  return { dataset, summary: summaryOf(data, dataset, { from: all ? undefined : shards[0], leftOut }) };
}

function ofFolders({ data, classMap, checkpoint }: ValidateFlags, names: readonly string[]): ValidationSet {
  const layout = findLayout(data);
  const from = layout.val ?? layout.test ?? layout.train;
  const map = classMap === undefined ? undefined : readClassMap(classMap);
  const read = readImageFolder(from, map && { classMap: map, classCount: names.length });
  const leftOut = [...layout.leftOut, ...read.leftOut];
  const notes = [...layout.notes, ...read.notes, ...classMapNotes(map, read.folders)];
  const summary = summaryOf(data, read.dataset, {
    from: from === layout.root ? undefined : from,
    leftOut,
    notes,
  });
  if (map) return { dataset: asNumberedClasses(read.dataset, names, checkpoint), summary };
  noticeOrder(read.dataset, names, checkpoint);
  return { dataset: asModelClasses(read.dataset, names, checkpoint), summary };
}

function summaryOf(
  place: string,
  { labels, count }: ImageDataset,
  {
    from,
    leftOut,
    notes = [],
  }: Pick<DataSummary, 'leftOut'> & Partial<DataSummary> & { from: string | undefined },
): DataSummary {
  return {
    place,
    classes: new Set(labels).size,
    parts: [{ part: 'val', images: count, from }],
    notes,
    leftOut,
  };
}

async function validateOn(
  dataset: ImageDataset,
  predictor: BatchPredictor,
  flags: ValidateFlags & { readonly preprocessing: Preprocessing },
): Promise<Accuracy> {
  const { batchSize, model } = predictor;
  const loader = new Loader(dataset, {
    batchSize,
    imageSize: model.config.imageSize,
    channels: model.channels,
    preprocessing: flags.preprocessing,
    workers: flags.workers,
  });
  const often = flags.logFreq * flags.batchSize;
  let next = often;
  const begin = performance.now();
  try {
    const accuracy = await accuracyOver(predictor, loader.epoch(0), {
      onProgress: (images, accuracy) => {
        if (flags.logFormat === 'json' || images < next) return;
        next = images - (images % often) + often;
        const rate = (1000 * images) / (performance.now() - begin);
        printNotice(
          `${images}/${dataset.count}  ${formatAccuracy(accuracy, model.config.classes)}  ${rate.toFixed(0)} images/s`,
        );
      },
    });
    return accuracy!;
  } finally {
    await loader.close();
  }
}
