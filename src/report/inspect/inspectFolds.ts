import { UserError } from '../../errors.js';
import { foldFolder, readKFold } from '../../runs/kfold.js';
import { joinedOutcomes, type Outcomes } from '../analysis/outcomes.js';
import { TrainedModel } from '../trainedModel.js';
import { ImageVectors } from './imageVectors.js';
import {
  changesOf,
  expectFiles,
  findingsIn,
  type Inspection,
  type InspectOptions,
  namesOf,
} from './inspectRun.js';

/** Images looked at unless a number is given. */
const LIMIT = 10_000;

/** What the folds' models say of the images that they held out. */
interface HeldOut {
  readonly outcomes: Outcomes[];
  readonly names: string[];
  readonly changes: string[];
  images: number;
}

/**
 * Looks for bad images in all data of a k-fold training. The probabilities of each image are those of the fold's model that held it
 * out, so that none has learned its label (confident learning's out-of-sample probabilities). Near-duplicates are looked for with the
 * features of the first fold's model.
 *
 * @param folder the k-fold training's folder
 * @throws UserError when a fold is not done, or its checkpoint or the data is missing or damaged
 * @throws UsageError when images must be files and are not
 */
export async function inspectFolds(
  folder: string,
  options: Omit<InspectOptions, 'part'> = {},
): Promise<Inspection> {
  const { folds, done } = readKFold(folder);
  if (done.length < folds)
    throw new UserError(`${done.length} of ${folds} folds of ${folder} are done: all of them are needed`);
  const { limit = LIMIT, needsFiles = false } = options;
  const open = (fold: number): Promise<TrainedModel> =>
    TrainedModel.open(foldFolder(folder, fold), { limit: Math.ceil(limit / folds) });
  const vectors = new ImageVectors();
  const held: HeldOut = { outcomes: [], names: [], changes: [], images: 0 };
  const model = await open(1);
  try {
    if (needsFiles) expectFiles(model);
    await lookAt(model, vectors, held);
    for (let fold = 2; fold <= folds; fold++) await lookAtOther(await open(fold), { model, vectors }, held);
    const outcomes = joinedOutcomes(held.outcomes);
    const found = findingsIn({ outcomes, vectors, names: held.names }, { ...options, model });
    const { images: ofImages, changes } = held;
    return { checkpoint: folder, part: 'val', folds, images: outcomes.count, ofImages, changes, ...found };
  } finally {
    await model.close();
  }
}

async function lookAt(model: TrainedModel, vectors: ImageVectors | undefined, held: HeldOut): Promise<void> {
  held.outcomes.push(await model.outcomes({ vectors }));
  for (const name of namesOf(model)) held.names.push(name);
  held.changes.push(...changesOf(model));
  held.images += model.testImages;
}

/** The same for a model that is closed then; the features of its images are the first model's. */
async function lookAtOther(
  other: TrainedModel,
  { model, vectors }: { readonly model: TrainedModel; readonly vectors: ImageVectors },
  held: HeldOut,
): Promise<void> {
  try {
    await lookAt(other, undefined, held);
    await model.outcomes({ vectors, test: other.test });
  } finally {
    await other.close();
  }
}
