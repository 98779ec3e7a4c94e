import { readImages } from '../data/images/readImages.js';
import { openOnnxModel } from '../engines/onnx/node/openModel.js';
import { UsageError } from '../errors.js';
import { type OnnxClassifier, readOnnxClassifier } from '../formats/onnx/readClassifier.js';
import { families } from '../models/registry.js';
import { readBytes } from '../runs/checkpoint.js';
import { type EngineFlags, withClassifier } from './classifier.js';
import { openClassifier, type WeightsFlags } from './weightsFlags.js';

/** Something that tells what is in an image. */
export interface ImageClassifier {
  /** Names of the classes. */
  readonly names: readonly string[];
  /**
   * Logits of the image in a file.
   *
   * @throws UserError when it cannot be read, naming it
   */
  logitsOf(image: string): Promise<Float32Array>;
}

/** Flags that say what an ONNX model says itself, or that are for our engines. */
const MEANINGLESS: { readonly [K in keyof (WeightsFlags & EngineFlags)]?: string } = {
  ...families.flags,
  model: '--model',
  numClasses: '--num-classes',
  imageSize: '--image-size',
  classMap: '--class-map',
  classesFile: '--classes-file',
  mean: '--mean',
  std: '--std',
  resizeSize: '--resize-size',
  exif: '--exif',
  ema: '--ema',
  engine: '--engine',
  precision: '--precision',
};

/**
 * Runs `body` with the classifier in a file: weights in an engine, or an exported `.onnx` model in ONNX Runtime.
 *
 * @throws UserError when the file is unfit
 */
export async function withImageClassifier(
  flags: WeightsFlags & EngineFlags,
  body: (classifier: ImageClassifier) => Promise<void>,
): Promise<void> {
  if (/\.onnx$/i.test(flags.checkpoint)) await withOnnxModel(flags, body);
  else await withWeights(flags, body);
}

async function withWeights(
  flags: WeightsFlags & EngineFlags,
  body: (classifier: ImageClassifier) => Promise<void>,
): Promise<void> {
  const { weights, model, description } = openClassifier(flags);
  const { classes: names, preprocessing } = description;
  const preparing = { ...preprocessing, channels: model.channels, normalisation: preprocessing };
  await withClassifier(weights, model, { ...flags, batchSize: 1 }, async (classifier) => {
    const logitsOf = async (image: string): Promise<Float32Array> =>
      (await classifier.predict(await readImages([image], preparing))).logits;
    await body({ names, logitsOf });
  });
}

async function withOnnxModel(
  flags: WeightsFlags & EngineFlags,
  body: (classifier: ImageClassifier) => Promise<void>,
): Promise<void> {
  const { checkpoint: path } = flags;
  for (const [key, flag] of Object.entries(MEANINGLESS)) {
    if (flags[key as keyof typeof MEANINGLESS] !== undefined)
      throw new UsageError(`${flag} is for weights; ${path} is an exported model, which needs none`);
  }
  const bytes = readBytes(path);
  const description = readOnnxClassifier(bytes, path);
  const { imageSize, channels, takesBytes, classes: names } = description;
  const shape = takesBytes ? [1, imageSize, imageSize, channels] : [1, channels, imageSize, imageSize];
  const model = await openOnnxModel(bytes, { path, threads: flags.threads });
  try {
    await body({
      names,
      logitsOf: async (image) => model.run(await inputOf(image, description), shape),
    });
  } finally {
    await model.close();
  }
}

/** An image as the model takes it: normalised planes, or the bytes of its pixels. */
async function inputOf(
  image: string,
  { mean, std, takesBytes, ...geometry }: OnnxClassifier,
): Promise<Float32Array | Uint8Array> {
  if (!takesBytes) return readImages([image], { ...geometry, normalisation: { mean, std } });
  const { imageSize, channels } = geometry;
  // (x/255 − 0)·255: the values of the pixels.
  const normalisation = { mean: mean.map(() => 0), std: mean.map(() => 1 / 255) };
  const planes = await readImages([image], { ...geometry, normalisation });
  const plane = imageSize * imageSize;
  return Uint8Array.from(planes, (_, i) =>
    Math.round(planes[(i % channels) * plane + Math.floor(i / channels)]!),
  );
}
