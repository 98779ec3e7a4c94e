import { basename } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { runOnnxModel } from '../engines/onnx/node/openModel.js';
import { UsageError, UserError } from '../errors.js';
import { HIGHEST_OPSET, LOWEST_OPSET } from '../formats/onnx/opsets.js';
import type { Model } from '../models/model.js';
import { uniformSource } from '../random.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { weightsName } from '../runs/hub/weightsName.js';
import { labelsPath, modelLabels } from '../runs/modelLabels.js';
import type { DataDescription } from '../train/checkpointInfo.js';
import {
  EXPORT_FORMATS,
  type ExportFormat,
  exportModelOnnx,
  exportSafetensors,
  exportTorch,
} from '../train/exportWeights.js';
import { describeData } from '../train/preprocessing.js';
import { type StateDictTensors, stateDictOf } from '../train/stateDict.js';
import { withClassifier } from './classifier.js';
import { nameOption } from './options.js';
import { printLine } from './output.js';
import { openClassifier, type WeightsFlags, weightsOptions } from './weightsFlags.js';

interface ExportFlags extends WeightsFlags {
  readonly to: ExportFormat;
  readonly output?: string;
  readonly includePreprocessing?: boolean;
  readonly f16?: boolean;
  readonly opset?: number;
}

/** Greatest difference of a checked model's logits, relative to the largest. */
const TOLERANCE = { f32: 1e-4, f16: 2e-2 } as const;
const CHECKED_IMAGES = 2;

const ONNX_FLAGS = {
  f16: '--f16',
  includePreprocessing: '--include-preprocessing',
  opset: '--opset',
} as const satisfies { readonly [K in keyof ExportFlags]?: string };

/** Adds the options and the action of `export`. */
export function configureExport(command: Command): void {
  command.addHelpText(
    'after',
    '\nAn ONNX file is checked in ONNX Runtime against the source before it is written. Beside FILE.onnx,\n' +
      'FILE.labels.json gets the names of the classes and how images are prepared, for pages and apps.\n' +
      '\nExample:\n  biasloss export --checkpoint runs/NAME/best.safetensors --to onnx --include-preprocessing',
  );
  const options = [
    nameOption('--to <format>', 'format', EXPORT_FORMATS).makeOptionMandatory(),
    new Option(
      '--output <file>',
      'file to write (default: the checkpoint’s name with the format’s extension)',
    ),
    ...weightsOptions('names of the classes'),
    new Option('--include-preprocessing', 'ONNX: take uint8 bytes [batch, height, width, 3]'),
    new Option('--f16', 'ONNX: store weights as 16-bit floats, half the size'),
    new Option(
      '--opset <n>',
      `ONNX: version of the operator set, ${LOWEST_OPSET} to ${HIGHEST_OPSET} (default: the lowest that has all operators)`,
    ).argParser(parseOpset),
  ];
  for (const option of options) command.addOption(option);
  command.action(runExport);
}

function parseOpset(value: string): number {
  const opset = Number(value);
  if (Number.isInteger(opset) && opset >= LOWEST_OPSET && opset <= HIGHEST_OPSET) return opset;
  throw new InvalidArgumentError(`It must be a whole number from ${LOWEST_OPSET} to ${HIGHEST_OPSET}.`);
}

async function runExport(flags: ExportFlags): Promise<void> {
  for (const [key, flag] of Object.entries(ONNX_FLAGS))
    if (flags.to !== 'onnx' && flags[key as keyof typeof ONNX_FLAGS] !== undefined)
      throw new UsageError(`${flag} is for --to onnx, not ${flags.to}`);
  const output = flags.output ?? defaultOutput(flags);
  if (output === flags.checkpoint)
    throw new UsageError(`${output} is the checkpoint itself: give another --output`);
  const { weights, model, description } = await openClassifier(flags);
  const checked = { engine: 'onnx', batchSize: CHECKED_IMAGES } as const;
  const chunks = await withClassifier(weights, model, checked, async (classifier) => {
    // Complete, with every name and shape checked.
    const tensors = stateDictOf(model, weights.tensors);
    const data = describeData(description.classes, description.preprocessing);
    const info = { model: model.config, data };
    if (flags.to === 'safetensors') return exportSafetensors(tensors, info);
    if (flags.to === 'pth') return exportTorch(tensors, { ...weights, info: { ...weights.info, ...info } });
    return [await checkedOnnx(model, tensors, data, flags, (images) => classifier.predict(images))];
  });
  await writeFileAtomically(output, chunks);
  if (flags.to === 'onnx') {
    const labels = modelLabels(description.classes, description.preprocessing, flags.includePreprocessing);
    await writeFileAtomically(labelsPath(output), [Buffer.from(`${JSON.stringify(labels, null, 2)}\n`)]);
  }
  const size = chunks.reduce((total, { length }) => total + length, 0);
  printLine(
    `${output}: ${(size / 1e6).toFixed(2)} MB${flags.to === 'onnx' ? ', checked against the source in ONNX Runtime' : ''}`,
  );
}

/** The checkpoint's path with another ending; in the working folder for published weights. */
function defaultOutput({ checkpoint, to }: ExportFlags): string {
  const named = weightsName(checkpoint) && basename(checkpoint);
  return named === undefined ? checkpoint.replace(/(\.(safetensors|pth|pt))?$/, `.${to}`) : `${named}.${to}`;
}

/** The ONNX model, after its logits for random bytes have been compared with the source's. */
async function checkedOnnx(
  model: Model,
  tensors: StateDictTensors,
  data: DataDescription,
  { includePreprocessing, f16, opset }: ExportFlags,
  predict: (images: Float32Array) => Promise<{ logits: Float32Array }>,
): Promise<Uint8Array> {
  const bytes = exportModelOnnx(model, tensors, { ...data, includePreprocessing, f16, opset });
  const { imageSize } = model.config;
  const { pixels, images } = randomImages(model, data);
  const shape = includePreprocessing
    ? [CHECKED_IMAGES, imageSize, imageSize, model.channels]
    : model.imagesShape(CHECKED_IMAGES);
  const exported = await runOnnxModel(bytes, includePreprocessing ? pixels : images.slice(), shape);
  const { logits } = await predict(images);
  const largest = logits.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const error = logits.reduce((a, b, i) => Math.max(a, Math.abs(b - exported[i]!)), 0) / largest;
  const tolerance = f16 ? TOLERANCE.f16 : TOLERANCE.f32;
  if (!(error <= tolerance)) {
    throw new UserError(
      `the exported model differs from the source by ${error.toExponential(1)} (relative), more than ${tolerance}; nothing was written`,
    );
  }
  return bytes;
}

/** Random bytes as bytes [N, S, S, C], and normalised [N, C, S, S]. */
function randomImages(
  { channels, config }: Model,
  { mean, std }: DataDescription,
): { pixels: Uint8Array; images: Float32Array } {
  const random = uniformSource(0, 'export');
  const plane = config.imageSize ** 2;
  const pixels = Uint8Array.from({ length: CHECKED_IMAGES * channels * plane }, (_, i) =>
    Math.floor(256 * random(i)),
  );
  const images = new Float32Array(pixels.length);
  pixels.forEach((value, i) => {
    const channel = i % channels;
    const pixel = Math.floor(i / channels);
    const at = (Math.floor(pixel / plane) * channels + channel) * plane + (pixel % plane);
    images[at] = (value / 255 - mean[channel]!) / std[channel]!;
  });
  return { pixels, images };
}
