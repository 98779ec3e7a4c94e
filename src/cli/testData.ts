import { dirname, resolve } from 'node:path';
import { type Dataset, type ImageDataset, limited } from '../data/dataset.js';
import type { PartName } from '../data/folders/partNames.js';
import { type ImageParts, partNamed } from '../data/parts/imageParts.js';
import { contentOf, type ImageRecord, partInventory } from '../data/parts/inventory.js';
import { UserError } from '../errors.js';
import { type DataChoice, type LoadedData, loadData } from '../runs/loadData.js';
import { recordedPart } from '../runs/recordedPart.js';
import { settingsOfWeights } from '../runs/runOfWeights.js';
import { checkTrainSettings } from '../runs/settings/checkSettings.js';
import { checkEffects } from '../runs/settings/effects.js';
import { TRAIN_DEFAULTS } from '../runs/settings/table.js';
import { readSplit } from '../runs/splitFile.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import type { WeightsFile } from '../train/weights.js';
import { countOf, formatCount, printNotice } from './output.js';
import { runLog } from './runLog.js';

/** Flags that choose the test data. */
export interface TestDataFlags {
  readonly checkpoint: string;
  readonly data?: TrainConfig['data'];
  readonly dataPath?: string;
  readonly download?: boolean;
  readonly classMap?: string;
  readonly exclude?: string;
  readonly part?: PartName;
  readonly limitTest?: number;
}

/**
 * The images to test on: those that the checkpoint's run held out or has for testing, unless flags name other
 * data; every image of a folder or archive without parts, or the requested part.
 *
 * @throws UserError when the data is missing, unclear or has no such part
 */
export async function testData(
  flags: TestDataFlags,
  weights: WeightsFile,
): Promise<{ name: string; test: Dataset }> {
  const trained = settingsOfWeights(flags.checkpoint, weights);
  const data = flags.data ?? trained?.data ?? TRAIN_DEFAULTS.data;
  checkFlags(flags, data);
  const same = trained?.data === data ? trained : undefined;
  const own = same !== undefined && isSamePlace(flags.dataPath, same.dataPath);
  const choice: DataChoice = {
    data,
    dataPath: flags.dataPath ?? same?.dataPath ?? null,
    download: flags.download ?? false,
    classMap: flags.classMap ?? same?.classMap ?? null,
    exclude: flags.exclude ?? (own ? same.exclude : null),
    limitTrain: null,
    limitTest: null,
    valShare: same?.valShare ?? TRAIN_DEFAULTS.valShare,
    splitSeed: same?.splitSeed ?? TRAIN_DEFAULTS.splitSeed,
    folds: own ? same.folds : null,
    fold: own ? same.fold : null,
    splitBy: own ? same.splitBy : flags.part === undefined ? 'none' : 'path',
  };
  const loaded = await loadData(choice, runLog());
  const test = loaded.images ? ofImages(loaded.images, flags, own) : ofPair(loaded, flags.part);
  return { name: data, test: limited(test, flags.limitTest) };
}

/** @throws SettingError when a flag has no effect with the data */
function checkFlags(flags: TestDataFlags, data: TrainConfig['data']): void {
  const { dataPath, download, classMap, exclude, limitTest } = flags;
  const given = Object.entries({ dataPath, download, classMap, exclude, limitTest });
  const present = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  checkEffects(checkTrainSettings(present), { data });
}

function isSamePlace(given: string | undefined, own: string | null): boolean {
  return given === undefined || (own !== null && resolve(given) === resolve(own));
}

function ofPair({ train, test }: LoadedData, part: PartName = 'test'): Dataset {
  return part === 'train' ? train : test;
}

function ofImages(
  images: ImageParts,
  { checkpoint, part = 'test' }: TestDataFlags,
  own: boolean,
): ImageDataset {
  const records = readSplit(dirname(checkpoint));
  const recorded = records && own ? recordedPart(images, part, records) : undefined;
  if (recorded?.changes !== undefined) printNotice(recorded.changes);
  const chosen = recorded?.dataset ?? partNamed(images, part);
  if (chosen.count === 0) throw new UserError(`${images.summary.place} has no images in its part ${part}`);
  if (records && !own) warnOfTrained(images, chosen, records);
  printNotice(
    `testing on ${countOf(chosen.count, 'image')} of ${part === 'train' ? 'the training part' : chosen.name}`,
  );
  return chosen;
}

/** Images that the run was trained on make the accuracy on other data too good. */
function warnOfTrained(images: ImageParts, dataset: ImageDataset, records: readonly ImageRecord[]): void {
  const trained = new Set(records.filter(({ part, hash }) => part === 'train' && hash !== '').map(contentOf));
  const now = partInventory('test', dataset, images.root);
  const count = now.filter((record) => trained.has(contentOf(record))).length;
  if (count > 0)
    printNotice(
      `warning: the run was trained on ${formatCount(count)} of these ${countOf(dataset.count, 'image')}`,
    );
}
