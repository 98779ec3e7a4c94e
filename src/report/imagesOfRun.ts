import { type Dataset, limited } from '../data/dataset.js';
import type { PartName } from '../data/folders/partNames.js';
import { partNamed } from '../data/parts/imageParts.js';
import { asResumedClasses } from '../runs/classMapping.js';
import { type LoadedData, loadData } from '../runs/loadData.js';
import { recordedPart } from '../runs/recordedPart.js';
import { readSplit } from '../runs/splitFile.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import type { Checkpoint } from '../train/learnerState.js';
import { evenSample } from './analysis/modelImages.js';

/** Which images of a run are looked at. */
export interface ImageChoice {
  /** Part of the data. Default `val`: what the run was evaluated on. */
  readonly part?: PartName | undefined;
  /** The largest number of images; of a larger part, an even sample of this size. Default 10,000. */
  readonly limit?: number | undefined;
}

/** Images of a run that are looked at. */
export interface LookedAt {
  readonly test: Dataset;
  /** Images of the whole part. */
  readonly ofImages: number;
  /** A sentence about how the part has changed since the run; undefined where it has not. */
  readonly changes: string | undefined;
}

/** Default number of images. */
const MOST_IMAGES = 10_000;

interface Run {
  readonly config: TrainConfig;
  readonly checkpoint: Checkpoint;
  readonly choice: ImageChoice;
}

/**
 * The images that a run had in a part, with the labels of its classes.
 *
 * @throws UserError when the data is missing or damaged, has other classes, or none of the images is left
 */
export async function imagesOfRun(
  folder: string,
  { config, checkpoint, choice: { part = 'val', limit = MOST_IMAGES } }: Run,
): Promise<LookedAt> {
  const loaded = await loadData({ ...config, download: false });
  const { dataset, changes } = partOfRun(folder, loaded, part);
  const most = part === 'val' ? (config.limitTest ?? undefined) : undefined;
  const pair = { train: loaded.train, test: limited(dataset, most) };
  const { test } = asResumedClasses(pair, checkpoint.data.classes, checkpoint.path);
  return { test: evenSample(test, limit), ofImages: test.count, changes };
}

/** A part as the run's list of images has it; as the data is now, where there is no such list. */
function partOfRun(
  folder: string,
  { train, test, images }: LoadedData,
  part: PartName,
): { readonly dataset: Dataset; readonly changes: string | undefined } {
  if (!images) return { dataset: part === 'train' ? train : test, changes: undefined };
  const records = readSplit(folder);
  return records
    ? recordedPart(images, part, records)
    : { dataset: partNamed(images, part), changes: undefined };
}
