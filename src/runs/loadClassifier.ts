import { readImages } from '../data/images/readImages.js';
import type { Preprocessing } from '../data/preprocessing.js';
import { errorMessage, type NoticeListener, UserError, withKeys } from '../errors.js';
import type { Model } from '../models/model.js';
import { recogniseModel } from '../models/recognise.js';
import { createModel, families, type ModelOptions } from '../models/registry.js';
import { Classifier, type ClassifierOptions } from '../train/classifier.js';
import { describeData } from '../train/preprocessing.js';
import type { ReadWeightsOptions, WeightsFile } from '../train/weights.js';
import { localWeights } from './hub/localWeights.js';
import { describeUnknown } from './misfit.js';
import { readWeights } from './weights.js';
import { describeWeights, type GivenDescription } from './weightsDescription.js';

/** Options of {@link loadClassifier}. */
export interface LoadClassifierOptions
  extends Pick<ClassifierOptions, 'engine' | 'batchSize'>,
    Pick<GivenDescription, 'mean' | 'std' | 'resizeSize' | 'classes' | 'exif'>,
    ReadWeightsOptions {
  /** Height and width of the images. Default: those that the file says, else the model's own. */
  readonly imageSize?: number | undefined;
  /** Called with what was assumed because the file does not say it, a sentence each. */
  readonly onNotice?: NoticeListener | undefined;
}

/** A classifier with what its images go through. */
export interface LoadedClassifier {
  /** To be closed by the caller, before the engine. */
  readonly classifier: Classifier;
  readonly preprocessing: Preprocessing;
  /**
   * Image files as the model was trained to see them.
   *
   * @returns [N, C, S, S], for {@link Classifier.classify}
   * @throws UserError for an image that cannot be read, naming it
   */
  readImages(paths: readonly string[]): Promise<Float32Array>;
}

/**
 * The classifier in a file of weights: a checkpoint of a run, .safetensors, or a PyTorch checkpoint whose architecture is one
 * of the known ones; or the name of published weights, such as `timm/resnet18.a1_in1k`.
 *
 * @param options mean, std, resizeSize, classes, exif: only for files that do not say it themselves
 * @throws UserError when published weights cannot be had, or the file is missing, damaged or of an unknown architecture
 * @throws UsageError when an option contradicts the file
 */
export async function loadClassifier(
  path: string,
  options: LoadClassifierOptions,
): Promise<LoadedClassifier> {
  const { engine, batchSize, imageSize, ema, onNotice, ...given } = options;
  const weights = { ...readWeights(await localWeights(path), { ema }), path };
  const model = createModel(requestOf(weights, imageSize));
  const { preprocessing, classes, notices } = describeWeights(weights, model, given);
  for (const notice of [weights.notice, ...notices])
    if (notice !== undefined) onNotice?.(withKeys(notice), notice);
  const classifier = await Classifier.create({
    engine,
    batchSize,
    model,
    tensors: weights.tensors,
    data: describeData(classes, preprocessing),
  }).catch((error: unknown) => {
    throw error instanceof UserError ? new UserError(`${path}: ${errorMessage(error)}`) : error;
  });
  return { classifier, preprocessing, readImages: (paths) => imagesFor(model, preprocessing, paths) };
}

function imagesFor(
  { channels }: Model,
  preprocessing: Preprocessing,
  paths: readonly string[],
): Promise<Float32Array> {
  return readImages(paths, { ...preprocessing, channels, normalisation: preprocessing });
}

/**
 * The model as a file of weights says, or as its tensors tell.
 *
 * @throws UserError when it is of an unknown architecture
 */
export function requestOf(
  { info, tensors, architecture, published, path }: WeightsFile & { readonly path: string },
  imageSize: number | undefined,
): ModelOptions {
  if (info) return { ...info.model, imageSize: imageSize ?? info.model.imageSize };
  const found = recogniseModel(tensors, families, architecture);
  if (!found) throw new UserError(`${path}: ${describeUnknown(tensors)}`);
  const { classifierEntries } = createModel({ ...found, classes: 2 });
  const classes = tensors.get(classifierEntries.at(-1)!)?.shape[0];
  if (classes === undefined)
    throw new UserError(`${path} has no ${classifierEntries.at(-1)}, which tells how many classes there are`);
  return { ...found, classes, imageSize: imageSize ?? published?.imageSize };
}
