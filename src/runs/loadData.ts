import { loadCifar } from '../data/cifar/cifar.js';
import type { CifarName } from '../data/cifar/facts.js';
import { type DatasetPair, limited } from '../data/dataset.js';
import { readClassMap } from '../data/folders/classMap.js';
import { loadImageFolders } from '../data/folders/imageFolderPair.js';
import { olderImageFolders, olderWebDatasets } from '../data/folders/olderRuns.js';
import type { ImageParts, SplitOptions } from '../data/parts/imageParts.js';
import { summaryLines } from '../data/parts/summary.js';
import { syntheticDataset } from '../data/synthetic.js';
import type { RemoteOptions } from '../data/webdataset/openShards.js';
import { loadWebDatasets } from '../data/webdataset/webDatasetPair.js';
import { launchedRanks } from '../distributed/launcher.js';
import { SettingError } from '../errors.js';
import { noticeEvent, type RunListener } from './runEvents.js';
import { withDataFolder } from './settings/paths.js';
import type { TrainConfig } from './trainConfig.js';

/** Which data, and how much of it. */
export type DataChoice = Pick<
  TrainConfig,
  'data' | 'dataPath' | 'download' | 'limitTrain' | 'limitTest' | 'classMap' | 'exclude'
> &
  Partial<Pick<TrainConfig, 'valShare' | 'splitSeed' | 'folds' | 'fold'>> & {
    /** Default `path`; with `none` both parts are all images of a set that has no parts. */
    readonly splitBy?: TrainConfig['splitBy'] | SplitOptions['splitBy'];
  };

/** The parts to train and test on. */
export interface LoadedData extends DatasetPair {
  /** All images of a set in files, with what was found. */
  readonly images?: ImageParts | undefined;
}

/**
 * Loads data by its name, or generates it. Generated data is the same in every run, whatever the seed, so that accuracies
 * are comparable.
 *
 * @param onEvent called with notices, download progress and the indexing of archives
 * @throws UserError when the data is missing or damaged, saying what to do
 * @throws SettingError when it needs a path
 */
export async function loadData(given: DataChoice, onEvent?: RunListener): Promise<LoadedData> {
  const choice = withDataFolder(given);
  const { data, dataPath } = choice;
  const limitTrain = choice.limitTrain ?? undefined;
  const limitTest = choice.limitTest ?? undefined;
  if (data === 'synthetic') return syntheticDataset({ train: limitTrain, test: limitTest });
  if (dataPath === null)
    throw new SettingError((name) => `${name('data')} ${data} needs ${name('dataPath')}`);
  if (data === 'imagefolder' || data === 'webdataset') {
    const images = await loadImages(data, dataPath, choice, archiveEvents(onEvent));
    for (const text of summaryLines(images.summary)) onEvent?.(noticeEvent('data', () => text));
    return { train: limited(images.train, limitTrain), test: limited(images.test, limitTest), images };
  }
  const { train, test } = await loadOrFetchCifar(data, dataPath, choice.download, onEvent);
  return { train: limited(train, limitTrain), test: limited(test, limitTest) };
}

/** How archives at URLs are read, with events; the ranks of a machine share the indexing. */
export function archiveEvents(onEvent: RunListener | undefined): RemoteOptions {
  return {
    ranks: launchedRanks(),
    onIndexed: (done, total) => onEvent?.({ event: 'indexing', done, total }),
    onNotice: (text) => onEvent?.(noticeEvent('data', () => text)),
  };
}

async function loadImages(
  data: 'imagefolder' | 'webdataset',
  path: string,
  { classMap, exclude, valShare, splitSeed, splitBy, folds, fold: number }: DataChoice,
  remote: RemoteOptions,
): Promise<ImageParts> {
  const fold = folds && number ? { of: folds, index: number - 1 } : undefined;
  const options = { valShare, splitSeed, fold };
  if (data === 'webdataset')
    return splitBy === 'place'
      ? olderWebDatasets(path)
      : loadWebDatasets(path, { ...options, splitBy, remote });
  const map = classMap === null ? undefined : readClassMap(classMap);
  const reading = { ...options, classMap: map, excludeList: exclude ?? undefined };
  return splitBy === 'place'
    ? olderImageFolders(path, reading)
    : loadImageFolders(path, { ...reading, splitBy });
}

function loadOrFetchCifar(
  data: CifarName,
  path: string,
  download: boolean,
  onEvent: RunListener | undefined,
): Promise<DatasetPair> {
  const onNotice = (text: string): void => onEvent?.(noticeEvent('data', () => text));
  const onProgress = (received: number, total?: number): void =>
    onEvent?.({ event: 'download', data, received, total });
  return loadCifar(data, path, { onNotice, ...(download && { download: { onProgress } }) });
}

/**
 * Checks that data has the expected number of classes.
 *
 * @param given undefined if nothing is expected
 * @throws SettingError naming both numbers
 */
export function checkClasses(given: number | undefined, data: string, classes: readonly string[]): void {
  if (given === undefined || given === classes.length) return;
  throw new SettingError(
    (name) => `${name('classes')} is ${given}, but ${data} has ${classes.length} classes`,
  );
}
