import { type Command, Option } from 'commander';
import type { Dataset } from '../data/dataset.js';
import { Loader } from '../data/loader.js';
import type { Hyperparameters } from '../models/registry.js';
import { checkTrainSettings, TRAIN_DEFAULTS, type TrainConfig } from '../runs/trainConfig.js';
import { readWeights } from '../runs/weights.js';
import type { Classifier } from '../train/classifier.js';
import { Confusion } from '../train/confusion.js';
import { accuracyOver } from '../train/evaluate.js';
import type { Accuracy } from '../train/metrics.js';
import type { WeightsFile } from '../train/weights.js';
import { type EngineFlags, withClassifier } from './classifier.js';
import { checkClasses, loadData } from './loadData.js';
import { modelOfWeights } from './modelOfWeights.js';
import {
  classesOption,
  dataOptions,
  engineOptions,
  logFormatOption,
  modelOptions,
  parseCount,
} from './options.js';
import { formatCount, formatPercent, formatTable, type LogFormat, printJson, printLine } from './output.js';
import { ProgressLine } from './progressLine.js';
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

/** Adds the `test` command. */
export function addTestCommand(program: Command): void {
  const command = program
    .command('test')
    .description('Test a checkpoint: top-1, top-5, parameters, images.')
    .addHelpText(
      'after',
      '\nExample:\n  biasloss test --checkpoint runs/NAME/best.safetensors --data-path data --per-class',
    );
  const options = [
    checkpointOption(),
    ...modelOptions(' (default: the checkpoint’s)'),
    ...dataOptions(),
    new Option('--batch-size <n>', 'images of a batch').argParser(parseCount).default(128),
    new Option('--class-map <file>', 'class numbers of an imagefolder’s folders'),
    new Option('--limit-test <n>', 'only so many test images').argParser(parseCount),
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
  report(flags, accuracy, model.parameterCount, confusion);
}

/** The images to test on: unless flags say otherwise, those of the run that the checkpoint is of. */
async function testData(
  { checkpoint, limitTest, ...flags }: TestFlags,
  { info }: WeightsFile,
): Promise<{ name: string; test: Dataset }> {
  const trained = checkTrainSettings(info?.training?.config ?? {}, checkpoint);
  const data = flags.data ?? trained.data ?? TRAIN_DEFAULTS.data;
  const same: Partial<TrainConfig> = data === trained.data ? trained : {};
  const { test } = await loadData({
    data,
    dataPath: flags.dataPath ?? same.dataPath ?? null,
    download: flags.download ?? false,
    classMap: flags.classMap ?? same.classMap ?? null,
    exclude: null,
    limitTrain: 1,
    limitTest: limitTest ?? null,
  });
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

function report(flags: TestFlags, accuracy: Accuracy, parameters: number, confusion: Confusion): void {
  const { top1, top5, images } = accuracy;
  const detail = flags.perClass && {
    per_class: confusion.perClass(),
    confused: confusion.worstPairs(SHOWN_PAIRS),
  };
  if (flags.logFormat === 'json') {
    printJson({ event: 'result', top1, top5, parameters, images, ...detail });
    return;
  }
  printLine(`top-1 ${formatPercent(top1)}  top-5 ${formatPercent(top5)}`);
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
