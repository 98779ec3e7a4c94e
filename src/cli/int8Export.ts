import { Option } from 'commander';
import type { Dataset } from '../data/dataset.js';
import { type Int8Model, quantizeOnnx } from '../engines/onnx/node/int8/quantizeOnnx.js';
import { UsageError } from '../errors.js';
import type { ClassifierInput } from '../formats/onnx/classifierInput.js';
import type { Accuracy } from '../train/metrics.js';
import type { WeightsFile } from '../train/weights.js';
import { onnxPredictor } from './evaluatedModel.js';
import { accuracySet, calibrationSet, type Int8DataFlags, inputsFor } from './int8Data.js';
import { type OnnxFile, openOnnxBytes } from './onnxFile.js';
import { countOf, formatPercent, formatTable, notFiniteText, printLine, printNotice } from './output.js';
import { parseCount } from './parsing.js';
import { ProgressLine } from './progressLine.js';
import { testOn } from './testOn.js';

/** Flags of `export` for 8-bit integers. */
export interface Int8Flags extends Omit<Int8DataFlags, 'calibrationImages'> {
  readonly int8?: boolean;
  readonly calibrationImages?: number;
  readonly f16?: boolean;
  readonly output?: string;
}

/** Flags that are for `--int8`. */
const FOR_INT8 = {
  calibrate: '--calibrate',
  calibrationImages: '--calibration-images',
  data: '--data',
} as const satisfies { readonly [K in keyof Int8Flags]?: string };

/** Images that are calibrated on unless a number is given. */
const CALIBRATED = 128;

/** The options of {@link Int8Flags}. */
export function int8Options(): Option[] {
  return [
    new Option('--int8', 'ONNX: 8-bit integers (static QDQ), a quarter of the size; prints what it costs'),
    new Option(
      '--calibrate <dir>',
      'training images for the ranges of --int8, in any subfolders (default: those of the checkpoint’s run)',
    ),
    new Option('--calibration-images <n>', `how many of them are used (default: ${CALIBRATED})`).argParser(
      parseCount,
    ),
    new Option(
      '--data <dir>',
      'class folders on which --int8 measures accuracies; of the run’s own what it tests on, which is the default',
    ),
  ];
}

/** @throws UsageError for flags that need `--int8`, or contradict it */
export function checkInt8Flags(flags: Int8Flags): void {
  for (const [key, flag] of Object.entries(FOR_INT8))
    if (!flags.int8 && flags[key as keyof typeof FOR_INT8] !== undefined)
      throw new UsageError(`${flag} is for --int8`);
  if (flags.int8 && flags.f16)
    throw new UsageError('--f16 and --int8 contradict each other: give one of them');
}

/** An exported model in 8-bit integers, and a report of what that changes. */
export interface Int8Export {
  readonly bytes: Uint8Array;
  /** Prints the report. */
  print(): void;
}

/**
 * Quantises an exported model, and measures accuracy, size and latency of both.
 *
 * @throws UserError when there are no images to calibrate on, or the data does not fit the model
 */
export async function exportInt8(
  float: Uint8Array,
  weights: WeightsFile,
  flags: Int8Flags,
): Promise<Int8Export> {
  const choice = { ...flags, calibrationImages: flags.calibrationImages ?? CALIBRATED };
  const calibrating = await calibrationSet(choice, weights);
  const opened = await openOnnxBytes(float, { path: 'the exported model' });
  const line = new ProgressLine(process.stderr);
  try {
    const inputs = await inputsFor(calibrating, float, opened);
    const quantized = await quantizeOnnx(float, inputs, {
      onProgress: (what, done) => line.update(done, `int8: ${what}`),
    });
    line.clear();
    const test = await accuracySet(choice, weights, opened.classes);
    const measured = await measureBoth(opened, quantized.model, { input: inputs[0]!, test });
    const sizes = [float.length, quantized.model.length];
    return {
      bytes: quantized.model,
      print: () => printReport({ quantized, images: calibrating.count, sizes, ...measured }),
    };
  } finally {
    line.clear();
    await opened.close();
  }
}

/** Latencies and accuracies of the float model and of the other. */
async function measureBoth(
  float: OnnxFile,
  int8: Uint8Array,
  { input, test }: { readonly input: ClassifierInput; readonly test: Dataset | undefined },
): Promise<Pick<Report, 'latencies' | 'accuracies'>> {
  const other = await openOnnxBytes(int8, { path: 'the int8 model' });
  try {
    const latencies = await latenciesOf([float, other], input);
    return { latencies, accuracies: test && [await accuracyOf(float, test), await accuracyOf(other, test)] };
  } finally {
    await other.close();
  }
}

/** Accuracy of an exported model, as `test` measures it. */
function accuracyOf(model: OnnxFile, test: Dataset): Promise<Accuracy> {
  const predictor = onnxPredictor(model, Math.min(TEST_BATCH, test.count));
  return testOn(test, predictor, { preprocessing: model.preprocessing, logFormat: 'text' });
}

const TEST_BATCH = 32;
const TIMED_RUNS = 40;

/** Median milliseconds of a run with one image, of models that take turns. */
async function latenciesOf(models: readonly OnnxFile[], { data, shape }: ClassifierInput): Promise<number[]> {
  const length = data.length / shape[0]!;
  const image = Float32Array.from(data.subarray(0, length));
  const times = models.map((): number[] => []);
  for (let run = 0; run < TIMED_RUNS; run++)
    for (const [i, model] of models.entries()) {
      const begin = performance.now();
      await model.predict(image);
      times[i]!.push(performance.now() - begin);
    }
  return times.map((all) => all.sort((a, b) => a - b)[TIMED_RUNS / 2]!);
}

interface Report {
  readonly quantized: Int8Model;
  readonly images: number;
  /** Of the float model and the other. */
  readonly sizes: readonly number[];
  readonly accuracies: readonly Accuracy[] | undefined;
  readonly latencies: readonly number[];
}

function printReport({ quantized, images, sizes, accuracies, latencies }: Report): void {
  const { error, agreement, inFloat } = quantized;
  const row = (name: string, values: readonly string[]): string[] => [name, ...values];
  const measured = accuracies
    ? [
        row(
          'top-1',
          accuracies.map(({ top1 }) => formatPercent(top1)),
        ),
        row(
          'cross-entropy',
          accuracies.map(({ crossEntropy }) => crossEntropy.toFixed(4)),
        ),
      ]
    : [];
  const rows = [
    ...measured,
    row(
      'size',
      sizes.map((size) => `${(size / 1e6).toFixed(2)} MB`),
    ),
    row(
      'latency of one image',
      latencies.map((ms) => `${ms.toFixed(2)} ms`),
    ),
  ];
  printLine(formatTable(['', 'float', 'int8'], rows));
  for (const [i, name] of ['float', 'int8'].entries()) {
    const broken = accuracies && notFiniteText(accuracies[i]!);
    if (broken !== undefined) printNotice(`${name}: ${broken}`);
  }
  if (accuracies) printLine(`accuracies on ${countOf(accuracies[0]!.images, 'image')}`);
  else printNotice('there is no accuracy: give --data with class folders');
  printLine(
    `calibrated on ${countOf(images, 'image')}, of which ${formatPercent(100 * agreement)} keep their class; ` +
      `the logits’ error is ${formatPercent(100 * error)} of their variance`,
  );
  if (inFloat.length > 0) printLine(inFloatText(quantized));
}

function inFloatText({ layers, inFloat }: Int8Model): string {
  const places = inFloat.map((place) => place + 1).sort((a, b) => a - b);
  return (
    `${inFloat.length} of ${layers} layers stay in float, since integers change the logits too much there: ` +
    `number ${places.join(', ')}`
  );
}
