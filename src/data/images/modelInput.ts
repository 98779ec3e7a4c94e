import { UserError } from '../../errors.js';
import { makeGrey } from '../channels.js';
import type { Preprocessing } from '../preprocessing.js';
import { type CanvasPixels, rgbOfCanvas } from './canvasPixels.js';
import { CutResizer } from './cutResizer.js';
import { evaluationCut } from './geometry.js';

/** Names of an exported model's classes, and how images are prepared for it: what is in `FILE.labels.json`. */
export interface ModelLabels extends Preprocessing {
  /** In the order of the logits. */
  readonly classes: readonly string[];
  /** `uint8`: the input is [N, S, S, C], bytes as they are; `float32`: [N, C, S, S], scaled and normalised. */
  readonly input: 'uint8' | 'float32';
}

/** A model's input, as the arguments of ONNX Runtime's `Tensor`. */
export type ModelInput =
  | { readonly type: 'uint8'; readonly data: Uint8Array; readonly dims: readonly [1, number, number, number] }
  | {
      readonly type: 'float32';
      readonly data: Float32Array;
      readonly dims: readonly [1, number, number, number];
    };

/**
 * The pixels of a canvas as an exported model takes them: resized and cut, bit for bit as evaluation does, made
 * grey for models of one channel, and normalised where the model does not do that itself. Alpha is left out.
 *
 * @param labels the contents of the model's `.labels.json`
 * @throws UserError when there are not four bytes for each pixel
 */
export function prepareImage(pixels: CanvasPixels, labels: ModelLabels): ModelInput {
  const { imageSize, resizeSize, interpolation, input, mean } = labels;
  const channels = mean.length;
  const image = rgbOfCanvas(pixels);
  if (channels === 1) makeGrey(image.data);
  const cut = evaluationCut(image.width, image.height, imageSize, resizeSize);
  const all = new CutResizer(imageSize, interpolation).resize(image, cut);
  const kept = channels === 1 ? all.filter((_, i) => i % 3 === 0) : all;
  return input === 'uint8'
    ? { type: 'uint8', data: kept, dims: [1, imageSize, imageSize, channels] }
    : { type: 'float32', data: normalised(kept, labels), dims: [1, channels, imageSize, imageSize] };
}

/** Bytes [S, S, C] as normalised planes [C, S, S]. */
function normalised(bytes: Uint8Array, { imageSize, mean, std }: ModelLabels): Float32Array {
  const [channels, plane] = [mean.length, imageSize * imageSize];
  const planes = new Float32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const channel = Math.floor(i / plane);
    planes[i] = (bytes[channels * (i % plane) + channel]! / 255 - mean[channel]!) / std[channel]!;
  }
  return planes;
}

/** A class with its probability. */
export interface ClassProbability {
  /** Number of the class, from 0. */
  readonly label: number;
  /** Several classes may have one name, as two of ImageNet's are called crane. */
  readonly name: string;
  /** From 0 to 1; all add up to 1. */
  readonly probability: number;
}

/**
 * The classes of one image by probability (softmax of its logits), the most probable first.
 *
 * @throws UserError when a logit is NaN, or the highest is infinite
 */
export function rankClasses(
  logits: ArrayLike<number>,
  { classes }: Pick<ModelLabels, 'classes'>,
): ClassProbability[] {
  const values = Array.from(logits);
  const highest = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(highest)) throw new UserError('the model’s logits are not finite');
  const exponentials = values.map((logit) => Math.exp(logit - highest));
  const total = exponentials.reduce((a, b) => a + b, 0);
  return exponentials
    .map((value, i) => ({ label: i, name: classes[i] ?? `class ${i}`, probability: value / total }))
    .sort((a, b) => b.probability - a.probability);
}
