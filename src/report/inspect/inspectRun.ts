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

/** What was found in the images of a run, or of a k-fold training. */
export interface Inspection {
  /** The checkpoint's file, or the folder of the k-fold training. */
  readonly checkpoint: string;
  readonly part: PartName;
  /** Folds whose models gave the probabilities, each those of the images that it held out; undefined for a run. */
  readonly folds?: number | undefined;
  /** Images that were looked at, and all of the part. */
  readonly images: number;
  readonly ofImages: number;
  /** Sentences about how the images have changed since they were trained and tested on; empty where they have not. */
  readonly changes: readonly string[];
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
  const { part = 'val', limit, needsFiles = false } = options;
  const model = await TrainedModel.open(folder, { part, limit });
  try {
    if (needsFiles) expectFiles(model);
    const vectors = new ImageVectors();
    const outcomes = await model.outcomes({ vectors });
    const names = namesOf(model);
    const found = findingsIn({ outcomes, vectors, names }, { ...options, model });
    const counts = { images: outcomes.count, ofImages: model.testImages };
    return { checkpoint: model.path, part, ...counts, changes: changesOf(model), ...found };
  } finally {
    await model.close();
  }
}

/** @throws UsageError when the images of a run are not files, so that an exclusion list cannot name them */
export function expectFiles({ config, path }: TrainedModel): void {
  if (config.data !== 'imagefolder')
    throw new UsageError(
      `the images of ${path} are not files in folders, but of ${config.data}: an exclusion list cannot name them`,
    );
}

/** The sentence about changes of a model's images, if there is one. */
export function changesOf({ changes }: TrainedModel): string[] {
  return changes === undefined ? [] : [changes];
}

/** Names of a model's images, in their order. */
export function namesOf({ test, testImages, config }: TrainedModel): string[] {
  return Array.from({ length: test.count }, (_, image) =>
    test.kind === 'images'
      ? imageKey(test.source(image), config.dataPath ?? '.')
      : `image ${indexInSet(image, test.count, testImages)}`,
  );
}

/** Results on images, what these are compared by, and their names. */
interface Looked {
  readonly outcomes: Outcomes;
  readonly vectors: ImageVectors;
  readonly names: readonly string[];
}

/** What there is to find, the most notable first. */
export function findingsIn(
  { outcomes, vectors, names }: Looked,
  { most = 20, model }: Pick<InspectOptions, 'most'> & { readonly model: TrainedModel },
): Pick<Inspection, 'labelErrors' | 'nearDuplicates' | 'leastVariance' | 'greatestLoss'> {
  const describe = (image: number): InspectedImage => described(outcomes, image, names[image]!);
  const { labelErrors, lowestVariance, greatestLoss } = notableImages(outcomes, outcomes.count);
  const channels = model.preprocessing.mean.length;
  return {
    labelErrors: labelErrors.map(describe),
    nearDuplicates: nearDuplicates(vectors, channels).map((group) => group.map(describe)),
    leastVariance: lowestVariance.slice(0, most).map(describe),
    greatestLoss: greatestLoss.slice(0, most).map(describe),
  };
}

function described(outcomes: Outcomes, image: number, name: string): InspectedImage {
  const { classes, labels, predicted, losses, variances } = outcomes;
  return {
    image: name,
    label: classes[labels[image]!]!,
    predicted: classes[predicted[image]!]!,
    labelProbability: probabilityOf(outcomes, image, labels[image]!),
    probability: probabilityOf(outcomes, image, predicted[image]!),
    loss: losses[image]!,
    variance: variances[image]!,
  };
}
