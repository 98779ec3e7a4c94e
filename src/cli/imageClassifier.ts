import { readImages } from '../data/images/readImages.js';
import { UsageError } from '../errors.js';
import { type EngineFlags, withClassifier } from './classifier.js';
import { augmented, onnxPredictor } from './evaluatedModel.js';
import { isOnnxFile, openOnnxFile } from './onnxFile.js';
import { openClassifier, type WeightsFlags } from './weightsFlags.js';

/** Something that classifies images. */
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

/** Flags of such a classifier. */
type ClassifierFlags = WeightsFlags & EngineFlags & { readonly tta?: 'flip' };

/**
 * Runs `body` with the classifier in a file: weights in an engine, or an exported `.onnx` model in ONNX Runtime.
 *
 * @throws UserError when the file cannot be used
 */
export async function withImageClassifier(
  flags: ClassifierFlags,
  body: (classifier: ImageClassifier) => Promise<void>,
): Promise<void> {
  if (isOnnxFile(flags.checkpoint)) await withOnnxModel(flags, body);
  else await withWeights(flags, body);
}

async function withWeights(
  flags: ClassifierFlags,
  body: (classifier: ImageClassifier) => Promise<void>,
): Promise<void> {
  const { weights, model, description } = await openClassifier(flags);
  const { classes: names, preprocessing } = description;
  const preparing = { ...preprocessing, channels: model.channels, normalisation: preprocessing };
  await withClassifier(weights, model, { ...flags, batchSize: 1 }, async (classifier) => {
    const predictor = augmented(classifier, flags.tta);
    const logitsOf = async (image: string): Promise<Float32Array> =>
      (await predictor.predict(await readImages([image], preparing))).logits;
    await body({ names, logitsOf });
  });
}

async function withOnnxModel(
  flags: ClassifierFlags,
  body: (classifier: ImageClassifier) => Promise<void>,
): Promise<void> {
  if (flags.classMap !== undefined)
    throw new UsageError(`--class-map is for weights; ${flags.checkpoint} has the names of its classes`);
  const file = await openOnnxFile(flags);
  const { classes: names, channels, preprocessing, close } = file;
  const predictor = augmented(onnxPredictor(file, 1), flags.tta);
  const preparing = { ...preprocessing, channels, normalisation: preprocessing };
  try {
    await body({
      names,
      logitsOf: async (image) => (await predictor.predict(await readImages([image], preparing))).logits,
    });
  } finally {
    await close();
  }
}
