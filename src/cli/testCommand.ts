import { type Command, Option } from 'commander';
import type { Dataset } from '../data/dataset.js';
import { PART_NAMES } from '../data/folders/partNames.js';
import { standardPreprocessing } from '../data/preprocessing.js';
import type { Hyperparameters } from '../models/registry.js';
import { asModelClasses, asNumberedClasses } from '../runs/classMapping.js';
import { notFiniteRecord } from '../runs/eventRecord.js';
import { checkClasses } from '../runs/loadData.js';
import type { Accuracy } from '../train/metrics.js';
import type { WeightsFile } from '../train/weights.js';
import type { EngineFlags } from './classifier.js';
import {
  augmented,
  describeCounts,
  type EvaluatedModel,
  evaluatedOnnx,
  evaluatedWeights,
} from './evaluatedModel.js';
import { modelOfWeights } from './modelOfWeights.js';
import { isOnnxFile, openOnnxFile } from './onnxFile.js';
import {
  classesOption,
  dataOptions,
  engineOptions,
  logFormatOption,
  modelOptions,
  ttaOption,
} from './options.js';
import { formatAccuracy, type LogFormat, noticeNotFinite, printJson, printLine } from './output.js';
import { checkOutput } from './outputFile.js';
import { NameOption, parseCount } from './parsing.js';
import { settingOption } from './settingOptions.js';
import { type TestDataFlags, testData } from './testData.js';
import { type FigureFiles, TestTally } from './testFigures.js';
import { testOn } from './testOn.js';
import { type DescriptionFlags, describeFile, noticeOrder } from './weightsData.js';
import { checkpointOption, classesOf, descriptionOptions, openWeights } from './weightsFlags.js';

interface TestFlags extends TestDataFlags, EngineFlags, DescriptionFlags, FigureFiles, Hyperparameters {
  readonly ema?: boolean;
  readonly model?: string;
  readonly batchSize: number;
  readonly classes?: number;
  readonly perClass?: boolean;
  readonly tta?: 'flip';
  readonly logFormat: LogFormat;
}

/** Adds the options and the action of `test`. */
export function configureTest(command: Command): void {
  command.addHelpText(
    'after',
    '\nThe checkpoint may also be an .onnx model written by export.\n' +
      '\nExample:\n  biasloss test --checkpoint runs/NAME/best.safetensors --data-path data --per-class',
  );
  const options = [
    checkpointOption(),
    ...modelOptions({ unset: 'the checkpoint’s' }, { unset: 'the checkpoint’s' }),
    ...dataOptions({ unset: 'the run’s' }),
    new Option('--batch-size <n>', 'images per batch').argParser(parseCount).default(128),
    settingOption('classMap', { unset: 'the run’s' }),
    settingOption('exclude', { unset: 'the run’s' }),
    new NameOption('--part <name>', 'part of the data (default: test, or all of another folder)', PART_NAMES),
    settingOption('limitTest'),
    ...descriptionOptions(),
    new Option('--per-class', 'also each class’s precision, recall and F1, and the most confused pairs'),
    new Option('--confusion <file>', 'write the confusion matrix as CSV, a row per class'),
    new Option('--class-figures <file>', 'write each class’s figures as .csv or .json'),
    ttaOption(),
    ...engineOptions(),
    logFormatOption(),
    classesOption(),
  ];
  for (const option of options) command.addOption(option);
  command.action(runTest);
}

async function runTest(flags: TestFlags): Promise<void> {
  const { checkpoint: path } = flags;
  checkOutput(flags.confusion, '--confusion', ['.csv']);
  checkOutput(flags.classFigures, '--class-figures', ['.csv', '.json']);
  const weights = isOnnxFile(path) ? undefined : await openWeights(path, { ema: flags.ema });
  const { name, test: found } = await testData(flags, weights ?? { tensors: new Map() });
  checkClasses(flags.classes, name, found.classes);
  const tested = weights ? testedWeights(weights, found, flags) : evaluatedOnnx(await openOnnxFile(flags));
  const { classes: names, preprocessing } = tested;
  if (flags.classMap === undefined) noticeOrder(found, names, path);
  const test = (flags.classMap === undefined ? asModelClasses : asNumberedClasses)(found, names, path);
  const tally = new TestTally(test.classes);
  const accuracy = await tested.run(flags, (predictor) =>
    testOn(test, augmented(predictor, flags.tta), {
      tally,
      preprocessing,
      logFormat: flags.logFormat,
    }),
  );
  await tally.write(flags);
  report(flags, accuracy, tested, tally);
}

function testedWeights(
  weights: WeightsFile & { readonly path: string },
  found: Dataset,
  flags: TestFlags,
): EvaluatedModel {
  const classes = classesOf(weights, flags.model) ?? found.classes.length;
  const imageSize = found.imageSize ?? weights.published?.imageSize;
  const model = modelOfWeights(weights.path, weights, { ...flags, classes, imageSize });
  const data =
    found.kind === 'pixels'
      ? { name: found.name, preprocessing: standardPreprocessing(found, model.config.imageSize) }
      : undefined;
  return evaluatedWeights(weights, model, describeFile(weights, model, flags, { data }));
}

function report(
  flags: TestFlags,
  accuracy: Accuracy,
  { parameters, classes: names }: EvaluatedModel,
  tally: TestTally,
): void {
  const { top1, top5, crossEntropy, images, notFinite } = accuracy;
  noticeNotFinite(accuracy);
  if (flags.logFormat === 'json') {
    const figures = {
      ...notFiniteRecord('not_finite', notFinite),
      ...tally.record(),
      ...(flags.perClass && tally.detail()),
    };
    printJson({ event: 'result', top1, top5, cross_entropy: crossEntropy, parameters, images, ...figures });
    return;
  }
  printLine(formatAccuracy(accuracy, names.length));
  printLine(describeCounts(parameters, images));
  tally.print();
  if (flags.perClass) tally.printDetail();
  for (const path of [flags.confusion, flags.classFigures])
    if (path !== undefined) printLine(`written: ${path}`);
}
