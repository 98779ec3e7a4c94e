import { basename } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Preprocessing } from '../data/preprocessing.js';
import type { ExportOptions } from '../engines/onnx/exportModel.js';
import { runOnnxModel } from '../engines/onnx/node/openModel.js';
import { UsageError, UserError } from '../errors.js';
import { HIGHEST_OPSET, LOWEST_OPSET } from '../formats/onnx/opsets.js';
import type { Model } from '../models/model.js';
import { uniformSource } from '../random.js';
import { exportGradCam } from '../report/analysis/exportGradCam.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { weightsName } from '../runs/hub/weightsName.js';
import { labelsPath, modelLabels } from '../runs/modelLabels.js';
import { aboutModel } from '../studio/modelAbout.js';
import {
  expectPageFolder,
  findPageSources,
  type PageSources,
  writeModelPage,
} from '../studio/server/modelPage.js';
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

/** A page for the model, besides the files that hold it. */
const FORMATS = [...EXPORT_FORMATS, 'web'] as const;

interface ExportFlags extends WeightsFlags {
  readonly to: ExportFormat | 'web';
  readonly output?: string;
  readonly includePreprocessing?: boolean;
  readonly f16?: boolean;
  readonly opset?: number;
}

/** Greatest difference of a checked model's logits, relative to the largest. */
const TOLERANCE = { f32: 1e-4, f16: 2e-2 } as const;
const CHECKED_IMAGES = 2;

/** Flags of some formats alone. */
const FLAGS_OF: readonly {
  readonly key: keyof ExportFlags;
  readonly flag: string;
  readonly to: readonly string[];
}[] = [
  { key: 'f16', flag: '--f16', to: ['onnx', 'web'] },
  { key: 'opset', flag: '--opset', to: ['onnx', 'web'] },
  { key: 'includePreprocessing', flag: '--include-preprocessing', to: ['onnx'] },
];

/** Adds the options and the action of `export`. */
export function configureExport(command: Command): void {
  command.addHelpText(
    'after',
    '\nAn ONNX file is checked in ONNX Runtime against the source before it is written. Beside FILE.onnx,\n' +
      'FILE.labels.json gets the names of the classes and how images are prepared, for pages and apps.\n' +
      '--to web writes a folder with the model and a page that classifies images, for any web server; it needs\n' +
      'the package onnxruntime-web (npm i onnxruntime-web).\n' +
      '\nExample:\n  biasloss export --checkpoint runs/NAME/best.safetensors --to onnx --include-preprocessing',
  );
  const options = [
    nameOption('--to <format>', 'format', FORMATS).makeOptionMandatory(),
    new Option(
      '--output <file>',
      'file to write, for web a folder (default: the checkpoint’s name with the format’s extension)',
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
  for (const { key, flag, to } of FLAGS_OF)
    if (flags[key] !== undefined && !to.includes(flags.to))
      throw new UsageError(`${flag} is for --to ${to.join(' and ')}, not ${flags.to}`);
  const output = flags.output ?? defaultOutput(flags);
  if (output === flags.checkpoint)
    throw new UsageError(`${output} is the checkpoint itself: give another --output`);
  // What is missing for a page is said before the model is read.
  const sources = flags.to === 'web' ? findPageSources() : undefined;
  if (sources) expectPageFolder(output);
  const { weights, model, description } = await openClassifier(flags);
  const { classes, preprocessing } = description;
  const source = { engine: 'onnx', batchSize: CHECKED_IMAGES } as const;
  await withClassifier(weights, model, source, async (classifier) => {
    // Complete, with every name and shape checked.
    const tensors = stateDictOf(model, weights.tensors);
    const data = describeData(classes, preprocessing);
    const predict = (images: Float32Array) => classifier.predict(images);
    const exported = { model, tensors, data, preprocessing, predict };
    if (sources) await exportPage(output, sources, exported, flags);
    else if (flags.to === 'onnx') await exportOnnxFile(output, exported, flags);
    else {
      const info = { model: model.config, data };
      const toPth = () => exportTorch(tensors, { ...weights, info: { ...weights.info, ...info } });
      const chunks = flags.to === 'safetensors' ? exportSafetensors(tensors, info) : toPth();
      await writeFileAtomically(output, chunks);
      printLine(`${output}: ${megabytes(chunks.reduce((total, { length }) => total + length, 0))}`);
    }
  });
}

/** A model that is exported. */
interface Exported {
  readonly model: Model;
  readonly tensors: StateDictTensors;
  readonly data: DataDescription;
  readonly preprocessing: Preprocessing;
  /** Logits of normalised images by the source. */
  readonly predict: (images: Float32Array) => Promise<{ logits: Float32Array }>;
}

/** The ONNX model, and its labels beside it. */
async function exportOnnxFile(output: string, exported: Exported, flags: ExportFlags): Promise<void> {
  const { data, preprocessing } = exported;
  const bytes = await checkedOnnx(exported, flags);
  await writeFileAtomically(output, [bytes]);
  const labels = modelLabels(data.classes, preprocessing, flags.includePreprocessing);
  await writeFileAtomically(labelsPath(output), [Buffer.from(`${JSON.stringify(labels, null, 2)}\n`)]);
  printLine(`${output}: ${megabytes(bytes.length)}, checked against the source in ONNX Runtime`);
}

/** A folder with the ONNX model and a page that runs it. */
async function exportPage(
  output: string,
  sources: PageSources,
  exported: Exported,
  { f16, opset }: ExportFlags,
): Promise<void> {
  const { model, tensors, data, preprocessing } = exported;
  const options = { f16, opset, includePreprocessing: true };
  const bytes = await writeModelPage(output, sources, {
    model: await checkedOnnx(exported, options),
    heatModel: exportGradCam(model, tensors, { ...data, ...options }),
    labels: { ...modelLabels(data.classes, preprocessing, true), ...aboutModel(model, tensors, data) },
  });
  printLine(`${output}: ${megabytes(bytes)}, the model checked against the source in ONNX Runtime`);
  printLine(`serve the folder with any web server, such as: npx http-server ${output}`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

/** The checkpoint's path with another ending, `best-web` for a page's folder; in the working folder for published weights. */
function defaultOutput({ checkpoint, to }: ExportFlags): string {
  const named = weightsName(checkpoint) && basename(checkpoint);
  const ending = to === 'web' ? '-web' : `.${to}`;
  return named === undefined ? checkpoint.replace(/(\.(safetensors|pth|pt))?$/, ending) : `${named}${ending}`;
}

/** The ONNX model, after its logits for random bytes have been compared with the source's. */
async function checkedOnnx(
  { model, tensors, data, predict }: Exported,
  { includePreprocessing, f16, opset }: Pick<ExportOptions, 'includePreprocessing' | 'f16' | 'opset'>,
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
