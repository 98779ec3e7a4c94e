import { type Dataset, IMAGENET_NORMALISATION, type ImageDataset, limited } from '../data/dataset.js';
import { imageFiles } from '../data/folders/imageFiles.js';
import { Loader } from '../data/loader.js';
import { UsageError, UserError } from '../errors.js';
import { type ClassifierInput, classifierInput } from '../formats/onnx/classifierInput.js';
import { readOnnxClassifier } from '../formats/onnx/readClassifier.js';
import { asModelClasses } from '../runs/classMapping.js';
import { loadData } from '../runs/loadData.js';
import { settingsOfWeights } from '../runs/runOfWeights.js';
import type { WeightsFile } from '../train/weights.js';
import type { OnnxFile } from './onnxFile.js';
import { testData } from './testData.js';

/** Which images a model is calibrated and tested on. */
export interface Int8DataFlags {
  readonly checkpoint: string;
  readonly calibrate?: string;
  readonly calibrationImages: number;
  readonly data?: string;
}

/** Images that are calibrated on at a time. */
const BATCH = 16;

/**
 * Training images to calibrate on: those of a folder, else those of the run that the weights are from; spread evenly.
 *
 * @throws UsageError when the weights are not from a run and no folder is given
 * @throws UserError when there are no images
 */
export async function calibrationSet(
  { checkpoint, calibrate, calibrationImages }: Int8DataFlags,
  weights: WeightsFile,
): Promise<Dataset> {
  if (calibrate !== undefined) return limited(unlabelled(calibrate), calibrationImages);
  const config = settingsOfWeights(checkpoint, weights);
  if (!config)
    throw new UsageError(
      `--int8 needs --calibrate with a folder of training images: ${checkpoint} is not the checkpoint of a run`,
    );
  const { train } = await loadData({ ...config, download: false });
  return limited(train, calibrationImages);
}

/** The images in a folder and its subfolders, whose classes do not matter. */
function unlabelled(folder: string): ImageDataset {
  const { images } = imageFiles(folder);
  if (images.length === 0) throw new UserError(`--calibrate ${folder} has no images`);
  return {
    kind: 'images',
    name: folder,
    classes: ['image'],
    count: images.length,
    labels: new Int32Array(images.length),
    normalisation: IMAGENET_NORMALISATION,
    source: (index) => ({ path: images[index]! }),
  };
}

/** A data set's images as an exported model takes them, in batches. */
export async function inputsFor(
  dataset: Dataset,
  bytes: Uint8Array,
  { preprocessing }: Pick<OnnxFile, 'preprocessing'>,
): Promise<ClassifierInput[]> {
  const classifier = readOnnxClassifier(bytes, 'the exported model');
  const { imageSize, channels } = classifier;
  const batchSize = Math.min(BATCH, dataset.count);
  const loader = new Loader(dataset, { batchSize, imageSize, channels, preprocessing });
  const inputs: ClassifierInput[] = [];
  try {
    for await (const { images, count } of loader.epoch(0))
      inputs.push(classifierInput(classifier, images.slice(0, count * channels * imageSize ** 2)));
  } finally {
    await loader.close();
  }
  return inputs;
}

/**
 * Labelled images to measure accuracies on: a folder of class folders, else what the run held out or has for testing;
 * undefined without either.
 */
export async function accuracySet(
  { checkpoint, data }: Int8DataFlags,
  weights: WeightsFile,
  classes: readonly string[],
): Promise<Dataset | undefined> {
  if (data === undefined && !settingsOfWeights(checkpoint, weights)) return undefined;
  const chosen = data === undefined ? {} : ({ data: 'imagefolder', dataPath: data } as const);
  const { test } = await testData({ checkpoint, ...chosen }, weights);
  return asModelClasses(test, classes, checkpoint);
}
