import {
  type ClassProbability,
  type ModelInput,
  prepareImage,
  rankClasses,
} from '../../../data/images/modelInput.js';
import { decodeToCanvas } from '../../../data/images/pageImages.js';
import { enlargedHeat, underHeat } from '../../../report/analysis/gradCam.js';
import type { ImageModel } from './imageModel.js';

/** Classes that are shown. */
const SHOWN = 5;

/** What a model says of an image. */
export interface Answer {
  /** The most probable classes, best first, at most five. */
  readonly classes: readonly ClassProbability[];
  /** Milliseconds for decoding, resizing and cropping, and for the model. */
  readonly preparedIn: number;
  readonly classifiedIn: number;
}

async function prepared(file: Blob, { labels }: ImageModel, input = labels.input): Promise<ModelInput> {
  return prepareImage(await decodeToCanvas(file, labels.exif), { ...labels, input });
}

/** Classifies an image file as `predict` does. @throws UserError when it cannot be decoded */
export async function classifyFile(file: Blob, model: ImageModel): Promise<Answer> {
  const begin = performance.now();
  const input = await prepared(file, model);
  const ready = performance.now();
  const logits = await model.logitsOf(input);
  const end = performance.now();
  const classes = rankClasses(logits, model.labels).slice(0, SHOWN);
  return { classes, preparedIn: ready - begin, classifiedIn: end - ready };
}

/** The part of an image that the model sees, under its Grad-CAM toward a class. @returns pixels for a canvas */
export async function heatOfFile(file: Blob, model: ImageModel, label: number): Promise<ImageData> {
  const { imageSize: size } = model.labels;
  const { heat, height, width } = await model.heatOf!(await prepared(file, model), label);
  const { data, dims } = await prepared(file, model, 'uint8');
  const channels = dims[3];
  const rgb = Uint8Array.from(
    { length: 3 * size * size },
    (_, i) => data[channels === 3 ? i : Math.floor(i / 3)]!,
  );
  const shown = underHeat(rgb, enlargedHeat(heat, { height, width, size }));
  const image = new ImageData(size, size);
  for (let i = 0; i < size * size; i++) {
    image.data.set(shown.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  return image;
}
