import type { Preprocessing } from '../data/preprocessing.js';
import { openOnnxModel } from '../engines/onnx/node/openModel.js';
import { UsageError } from '../errors.js';
import { readOnnxClassifier } from '../formats/onnx/readClassifier.js';
import { families } from '../models/registry.js';
import { readBytes } from '../runs/checkpoint.js';
import type { EngineFlags } from './classifier.js';
import { flagOf } from './flagNames.js';
import type { WeightsFlags } from './weightsFlags.js';

/** Flags for what an ONNX model contains itself, or for our engines. */
const MEANINGLESS: { readonly [K in keyof (WeightsFlags & EngineFlags)]?: string } = {
  ...families.mapOptions(flagOf),
  model: '--model',
  numClasses: '--num-classes',
  imageSize: '--image-size',
  classesFile: '--classes-file',
  mean: '--mean',
  std: '--std',
  resizeSize: '--resize-size',
  exif: '--exif',
  ema: '--ema',
  engine: '--engine',
  precision: '--precision',
};

type OnnxFlags = Partial<WeightsFlags & EngineFlags> & Pick<WeightsFlags, 'checkpoint'>;

/** An exported model in ONNX Runtime. */
export interface OnnxFile {
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** Channels of the images: 3, or 1 for grey. */
  readonly channels: number;
  /** How images become what {@link predict} takes. */
  readonly preprocessing: Preprocessing;
  /**
   * Logits of images.
   *
   * @param images [N, C, S, S], prepared as {@link preprocessing} says
   */
  predict(images: Float32Array): Promise<{ readonly logits: Float32Array }>;
  close(): Promise<void>;
}

/** Whether a checkpoint is an exported model, by its name. */
export function isOnnxFile(path: string): boolean {
  return /\.onnx$/i.test(path);
}

/**
 * Opens a model that export wrote.
 *
 * @throws UserError when the file cannot be used
 * @throws UsageError for a flag that has no meaning with it
 */
export async function openOnnxFile(flags: OnnxFlags): Promise<OnnxFile> {
  const { checkpoint: path, threads } = flags;
  for (const [key, flag] of Object.entries(MEANINGLESS)) {
    if (flags[key as keyof typeof MEANINGLESS] !== undefined)
      throw new UsageError(`${flag} is for weights; ${path} is an exported model, which does not need it`);
  }
  const bytes = readBytes(path);
  const { takesBytes, classes, channels, ...described } = readOnnxClassifier(bytes, path);
  const { mean } = described;
  // (x/255 − 0)·255: the values of the pixels.
  const asBytes = { mean: mean.map(() => 0), std: mean.map(() => 1 / 255) };
  const preprocessing = { ...described, ...(takesBytes && asBytes) };
  const { imageSize } = preprocessing;
  const session = await openOnnxModel(bytes, { path, threads });
  return {
    classes,
    channels,
    preprocessing,
    predict: async (images) => {
      const count = images.length / (channels * imageSize ** 2);
      const logits = takesBytes
        ? await session.run(bytesOf(images, [channels, imageSize]), [count, imageSize, imageSize, channels])
        : await session.run(images, [count, channels, imageSize, imageSize]);
      return { logits };
    },
    close: () => session.close(),
  };
}

/** Planes [N, C, S, S] of the pixels' values as bytes [N, S, S, C]. */
function bytesOf(planes: Float32Array, [channels, imageSize]: readonly [number, number]): Uint8Array {
  const plane = imageSize * imageSize;
  return Uint8Array.from(planes, (_, i) => {
    const [image, pixel] = [Math.floor(i / (channels * plane)), Math.floor(i / channels) % plane];
    return Math.round(planes[(channels * image + (i % channels)) * plane + pixel]!);
  });
}
