import { dirname } from 'node:path';
import { type Command, Option } from 'commander';
import type { Dataset } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import type { Model } from '../models/model.js';
import type { Hyperparameters } from '../models/registry.js';
import { checkClasses, loadData } from '../runs/loadData.js';
import { checkTrainSettings } from '../runs/settings/checkSettings.js';
import { checkEffects } from '../runs/settings/effects.js';
import { withRestoredPaths } from '../runs/settings/paths.js';
import { TRAIN_DEFAULTS } from '../runs/settings/table.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import { readWeights } from '../runs/weights.js';
import type { Classifier } from '../train/classifier.js';
import { Confusion } from '../train/confusion.js';
import { accuracyOver } from '../train/evaluate.js';
import type { Accuracy } from '../train/metrics.js';
import type { WeightsFile } from '../train/weights.js';
import { type EngineFlags, withClassifier } from './classifier.js';
import { modelOfWeights } from './modelOfWeights.js';
import { classesOption, dataOptions, engineOptions, logFormatOption, modelOptions } from './options.js';
import {
  formatAccuracy,
  formatCount,
  formatPercent,
  formatTable,
  type LogFormat,
  printJson,
  printLine,
} from './output.js';
import { parseCount } from './parsing.js';
import { ProgressLine } from './progressLine.js';
import { runLog } from './runLog.js';
import { settingOption } from './settingOptions.js';
import { checkpointOption } from './weightsFlags.js';

interface TestFlags extends EngineFlags, Hyperparameters {
  readonly checkpoint: string;
  readonly model?: string;
  readonly data?: TrainConfig['data'];
  readonly dataPath?: string;
  readonly download?: boolean;
  readonly classMap?: string;
  readonly batchSize: number;
  readonly classes?: number;
  readonly limitTest?: number;
  readonly perClass?: boolean;
  readonly logFormat: LogFormat;
}

/** Pairs of confused classes that are shown. */
const SHOWN_PAIRS = 10;

/** Adds the options and the action of `test`. */
export function configureTest(command: Command): void {
  command.addHelpText(
    'after',
    '\nExample:\n  biasloss test --checkpoint runs/NAME/best.safetensors --data-path data --per-class',
  );
  const options = [
    checkpointOption(),
    ...modelOptions({ unset: 'the checkpoint’s' }, { unset: 'the checkpoint’s' }),
    ...dataOptions({ unset: 'the run’s' }),
    new Option('--batch-size <n>', 'images of a batch').argParser(parseCount).default(128),
    settingOption('classMap', { unset: 'the run’s' }),
    settingOption('limitTest'),
    new Option('--per-class', 'also each class’s accuracy and the most confused pairs'),
    ...engineOptions(),
    logFormatOption(),
    classesOption(),
  ];
  for (const option of options) command.addOption(option);
  command.action(runTest);
}

async function runTest(flags: TestFlags): Promise<void> {
  const weights = readWeights(flags.checkpoint);
  const { name, test } = await testData(flags, weights);
  checkClasses(flags.classes, name, test.classes);
  const { length: classes } = test.classes;
  const model = modelOfWeights(flags.checkpoint, weights, { ...flags, classes, imageSize: test.imageSize });
  const confusion = new Confusion(test.classes);
  const weightsFile = { ...weights, path: flags.checkpoint };
  const accuracy = await withClassifier(weightsFile, model, flags, (classifier) =>
    testOn(test, classifier, confusion, flags.logFormat),
  );
  report(flags, accuracy, model, confusion);
}

/** The images to test on: unless flags say otherwise, those of the run that the checkpoint is of. */
async function testData(
  { checkpoint, limitTest, ...flags }: TestFlags,
  { info }: WeightsFile,
): Promise<{ name: string; test: Dataset }> {
  const saved = { ...TRAIN_DEFAULTS, ...checkTrainSettings(info?.training?.config ?? {}, checkpoint) };
  const trained = withRestoredPaths(saved, dirname(checkpoint), () => undefined);
  const data = flags.data ?? trained.data;
  const same: Partial<TrainConfig> = info?.training && data === trained.data ? trained : {};
  const { dataPath, download, classMap } = flags;
  const given = {
    ...(dataPath !== undefined && { dataPath }),
    ...(download && { download }),
    ...(classMap !== undefined && { classMap }),
  };
  checkEffects(checkTrainSettings({ ...given, ...(limitTest !== undefined && { limitTest }) }), { data });
  const { test } = await loadData(
    {
      data,
      dataPath: dataPath ?? same.dataPath ?? null,
      download: download ?? false,
      classMap: classMap ?? same.classMap ?? null,
      exclude: null,
      limitTrain: 1,
      limitTest: limitTest ?? null,
    },
    runLog(),
  );
  return { name: data, test };
}

async function testOn(
  test: Dataset,
  classifier: Classifier,
  confusion: Confusion,
  logFormat: LogFormat,
): Promise<Accuracy> {
  const { batchSize, model } = classifier;
  const loader = new Loader(test, { batchSize, imageSize: model.config.imageSize, channels: model.channels });
  const line = new ProgressLine(process.stderr);
  try {
    const accuracy = await accuracyOver(classifier, loader.epoch(0), {
      each: (label, predicted) => confusion.add(label, predicted),
      onProgress: (images, { top1 }) => {
        const text = `testing ${images}/${test.count}  top-1 ${formatPercent(top1)}`;
        if (logFormat === 'text') line.update(images / test.count, text);
      },
    });
    return accuracy!;
  } finally {
    line.clear();
    await loader.close();
  }
}

function report(flags: TestFlags, accuracy: Accuracy, model: Model, confusion: Confusion): void {
  const { top1, top5, crossEntropy, images } = accuracy;
  const parameters = model.parameterCount;
  const detail = flags.perClass && {
    per_class: confusion.perClass(),
    confused: confusion.worstPairs(SHOWN_PAIRS),
  };
  if (flags.logFormat === 'json') {
    printJson({ event: 'result', top1, top5, cross_entropy: crossEntropy, parameters, images, ...detail });
    return;
  }
  printLine(formatAccuracy(accuracy, model.config.classes));
  printLine(`${formatCount(parameters)} parameters, ${formatCount(images)} images`);
  if (!detail) return;
  const classes = detail.per_class.map((row) => [row.name, String(row.images), formatPercent(row.top1)]);
  const pairs = detail.confused.map((pair) => [
    `${pair.label} taken for ${pair.predicted}`,
    String(pair.images),
  ]);
  printLine(`\n${formatTable(['class', 'images', 'top-1'], classes)}`);
  printLine(`\n${formatTable(['most confused', 'images'], pairs)}`);
}
