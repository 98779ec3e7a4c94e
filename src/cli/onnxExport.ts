import type { Preprocessing } from '../data/preprocessing.js';
import type { ExportOptions } from '../engines/onnx/exportModel.js';
import { runOnnxModel } from '../engines/onnx/node/openModel.js';
import { UserError } from '../errors.js';
import type { Model } from '../models/model.js';
import { uniformSource } from '../random.js';
import { writeFileAtomically } from '../runs/atomicFile.js';
import { labelsPath, modelLabels } from '../runs/modelLabels.js';
import type { DataDescription } from '../train/checkpointInfo.js';
import { exportModelOnnx } from '../train/exportWeights.js';
import { describeData } from '../train/preprocessing.js';
import { type StateDictTensors, stateDictOf } from '../train/stateDict.js';
import type { WeightsFile } from '../train/weights.js';
import { withClassifier } from './classifier.js';
import { exportInt8, type Int8Export, type Int8Flags } from './int8Export.js';
import { openClassifier, type WeightsFlags } from './weightsFlags.js';

/** Flags of an ONNX file. */
export type OnnxExportFlags = Int8Flags & Pick<ExportOptions, 'includePreprocessing' | 'f16' | 'opset'>;

/** Greatest difference of a checked model's logits, relative to the largest. */
const TOLERANCE = { f32: 1e-4, f16: 2e-2 } as const;
const CHECKED_IMAGES = 2;

/** A model that is exported. */
export interface Exported {
  readonly weights: WeightsFile;
  readonly model: Model;
  readonly tensors: StateDictTensors;
  readonly data: DataDescription;
  readonly preprocessing: Preprocessing;
  /** Logits of normalised images by the source. */
  readonly predict: (images: Float32Array) => Promise<{ logits: Float32Array }>;
}

/**
 * Runs `body` with the model of a checkpoint.
 *
 * @throws UserError when the checkpoint cannot be used
 */
export async function withExported<T>(
  flags: WeightsFlags,
  body: (exported: Exported) => Promise<T>,
): Promise<T> {
  const { weights, model, description } = await openClassifier(flags);
  const { classes, preprocessing } = description;
  const source = { engine: 'onnx', batchSize: CHECKED_IMAGES } as const;
  return withClassifier(weights, model, source, (classifier) => {
    // Complete, with every name and shape checked.
    const tensors = stateDictOf(model, weights.tensors);
    const data = describeData(classes, preprocessing);
    const predict: Exported['predict'] = (images) => classifier.predict(images);
    return body({ weights, model, tensors, data, preprocessing, predict });
  });
}

/** An ONNX file that was written. */
export interface OnnxExport {
  /** Bytes. */
  readonly size: number;
  /** What 8-bit integers change, if the file has them. */
  readonly int8: Int8Export | undefined;
}

/**
 * Writes the ONNX model, and its labels beside it.
 *
 * @throws UserError when it differs from the source; nothing is written then
 */
export async function writeOnnxFile(
  output: string,
  exported: Exported,
  flags: OnnxExportFlags,
): Promise<OnnxExport> {
  const { data, preprocessing, weights } = exported;
  const float = await checkedOnnx(exported, flags);
  const int8 = flags.int8 ? await exportInt8(float, weights, flags) : undefined;
  const bytes = int8?.bytes ?? float;
  await writeFileAtomically(output, [bytes]);
  const labels = modelLabels(data.classes, preprocessing, flags.includePreprocessing);
  await writeFileAtomically(labelsPath(output), [Buffer.from(`${JSON.stringify(labels, null, 2)}\n`)]);
  return { size: bytes.length, int8 };
}

/** The ONNX model, after its logits for random bytes have been compared with the source's. */
export async function checkedOnnx(
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
  expectAlike(exported, logits, f16 ? TOLERANCE.f16 : TOLERANCE.f32);
  return bytes;
}

/** @throws UserError when logits of an exported model are not those of its source */
function expectAlike(exported: Float32Array, source: Float32Array, tolerance: number): void {
  for (const [which, logits] of Object.entries({ 'the source': source, 'the exported model': exported }))
    if (!logits.every(Number.isFinite))
      throw new UserError(`${which} has logits that are not finite for random images; nothing was written`);
  const largest = source.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const difference = source.reduce((a, b, i) => Math.max(a, Math.abs(b - exported[i]!)), 0);
  // A model that ends in a ReLU may have no logits but 0.
  const error = difference / (largest || 1);
  if (!(error <= tolerance))
    throw new UserError(
      `the exported model differs from the source by ${error.toExponential(1)} (relative), more than ${tolerance}; nothing was written`,
    );
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
