import type { PartName } from '../../data/folders/partNames.js';
import { imageKey } from '../../data/folders/splits.js';
import { UsageError } from '../../errors.js';
import { indexInSet } from '../analysis/modelImages.js';
import { notableImages } from '../analysis/notable.js';
import { type Outcomes, probabilityOf } from '../analysis/outcomes.js';
import { TrainedModel } from '../trainedModel.js';
import { ImageVectors } from './imageVectors.js';
import { nearDuplicates } from './nearDuplicates.js';

/** Options of {@link inspectRun}. */
export interface InspectOptions {
  /** Part of the data. Default `val`: what the run was evaluated on. */
  readonly part?: PartName | undefined;
  /** Images looked at; of a larger part, a sample of this size. Default 10,000. */
  readonly limit?: number | undefined;
  /** Images of least variance and of greatest loss. Default 20. */
  readonly most?: number | undefined;
  /** Refuses data whose images are not files, which an exclusion list cannot name. Default false. */
  readonly needsFiles?: boolean | undefined;
}

/** An image that was found. */
export interface InspectedImage {
  /** Its path relative to the data folder, with slashes; `image 12` of data in memory. */
  readonly image: string;
  /** The class that it is labelled as, and what the model takes it for. */
  readonly label: string;
  readonly predicted: string;
  /** Probabilities of both, from 0 to 1. */
  readonly labelProbability: number;
  readonly probability: number;
  /** Cross-entropy. */
  readonly loss: number;
  /** Variance of its features, which the bias loss weighs by. */
  readonly variance: number;
}

/** What was found in a run's images. */
export interface Inspection {
  /** The checkpoint's file. */
  readonly checkpoint: string;
  readonly part: PartName;
  /** Images that were looked at, and all of the part. */
  readonly images: number;
  readonly ofImages: number;
  /** Likely label errors by confident learning, the likeliest first. */
  readonly labelErrors: readonly InspectedImage[];
  readonly nearDuplicates: readonly (readonly InspectedImage[])[];
  readonly leastVariance: readonly InspectedImage[];
  readonly greatestLoss: readonly InspectedImage[];
}

/**
 * Looks for bad images with a run's model, its best checkpoint or else its last: likely label errors, near-duplicates, images of least
 * variance and of greatest loss.
 *
 * @param folder the run's folder
 * @throws UserError when the checkpoint or the data is missing or damaged, or they do not fit
 * @throws UsageError when images must be files and are not
 */
export async function inspectRun(folder: string, options: InspectOptions = {}): Promise<Inspection> {
  const { part = 'val', limit, most = 20, needsFiles = false } = options;
  const model = await TrainedModel.open(folder, { part, limit });
  try {
    const { config, path, testImages, preprocessing } = model;
    if (needsFiles && config.data !== 'imagefolder')
      throw new UsageError(
        `the images of ${path} are not files in folders, but of ${config.data}: an exclusion list cannot name them`,
      );
    const vectors = new ImageVectors();
    const outcomes = await model.outcomes(vectors);
    const describe = describer(outcomes, (image) => nameOf(model, image));
    const { labelErrors, lowestVariance, greatestLoss } = notableImages(outcomes, outcomes.count);
    return {
      checkpoint: path,
      part,
      images: outcomes.count,
      ofImages: testImages,
      labelErrors: labelErrors.map(describe),
      nearDuplicates: nearDuplicates(vectors, preprocessing.mean.length).map((group) => group.map(describe)),
      leastVariance: lowestVariance.slice(0, most).map(describe),
      greatestLoss: greatestLoss.slice(0, most).map(describe),
    };
  } finally {
    await model.close();
  }
}

function describer(outcomes: Outcomes, nameOfImage: (image: number) => string) {
  const { classes, labels, predicted, losses, variances } = outcomes;
  return (image: number): InspectedImage => ({
    image: nameOfImage(image),
    label: classes[labels[image]!]!,
    predicted: classes[predicted[image]!]!,
    labelProbability: probabilityOf(outcomes, image, labels[image]!),
    probability: probabilityOf(outcomes, image, predicted[image]!),
    loss: losses[image]!,
    variance: variances[image]!,
  });
}

function nameOf({ test, testImages, config }: TrainedModel, image: number): string {
  if (test.kind === 'images') return imageKey(test.source(image), config.dataPath ?? '.');
  return `image ${indexInSet(image, test.count, testImages)}`;
}
