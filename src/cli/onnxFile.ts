import type { Preprocessing } from '../data/preprocessing.js';
import { openOnnxModel } from '../engines/onnx/node/openModel.js';
import { UsageError } from '../errors.js';
import { classifierInput, inputNormalisation } from '../formats/onnx/classifierInput.js';
import { readOnnxClassifier } from '../formats/onnx/readClassifier.js';
import { families } from '../models/registry.js';
import { readBytes } from '../runs/checkpoint.js';
import { decidedThreads } from '../runs/threads/decidedThreads.js';
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
  return openOnnxBytes(readBytes(path), { path, threads });
}

/**
 * Opens an exported model that is in memory.
 *
 * @param options path: for messages
 * @throws UserError when it cannot be used
 */
export async function openOnnxBytes(
  bytes: Uint8Array,
  { path, threads }: { readonly path: string; readonly threads?: number | undefined },
): Promise<OnnxFile> {
  const classifier = readOnnxClassifier(bytes, path);
  const { takesBytes: _, classes, channels, ...described } = classifier;
  const preprocessing = { ...described, ...inputNormalisation(classifier) };
  const session = await openOnnxModel(bytes, { path, threads: decidedThreads(threads) });
  return {
    classes,
    channels,
    preprocessing,
    predict: async (images) => {
      const { data, shape } = classifierInput(classifier, images);
      return { logits: await session.run(data, shape) };
    },
    close: () => session.close(),
  };
}
