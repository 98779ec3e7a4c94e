import { loadCifar } from '../data/cifar/cifar.js';
import type { CifarName } from '../data/cifar/facts.js';
import { type DatasetPair, limited } from '../data/dataset.js';
import { readClassMap } from '../data/folders/classMap.js';
import { loadImageFolders } from '../data/folders/imageFolderPair.js';
import { syntheticDataset } from '../data/synthetic.js';
import { loadWebDatasets } from '../data/webdataset/webDatasetPair.js';
import { UsageError } from '../errors.js';
import type { TrainConfig } from '../runs/trainConfig.js';
import { printNotice } from './output.js';
import { ProgressLine } from './progressLine.js';

/** Which data a command works on, and how much of it. */
export type DataChoice = Pick<
  TrainConfig,
  'data' | 'dataPath' | 'download' | 'limitTrain' | 'limitTest' | 'classMap' | 'exclude'
> &
  Partial<Pick<TrainConfig, 'colourJitter' | 'hueJitter'>>;

/** Flags that only images in files take, and with which data. */
const FILE_FLAGS: readonly {
  readonly key: 'classMap' | 'exclude' | 'colourJitter' | 'hueJitter';
  readonly flag: string;
  readonly data: readonly TrainConfig['data'][];
}[] = [
  { key: 'classMap', flag: '--class-map', data: ['imagefolder'] },
  { key: 'exclude', flag: '--exclude', data: ['imagefolder'] },
  { key: 'colourJitter', flag: '--colour-jitter', data: ['imagefolder', 'webdataset'] },
  { key: 'hueJitter', flag: '--hue-jitter', data: ['imagefolder', 'webdataset'] },
];

/** Where data is kept unless a path is given. */
const DEFAULT_PATH = 'data';

/**
 * Loads or makes the data. Drawn data is the same in every run, whatever the seed, so that accuracies compare.
 *
 * @throws UserError when it is missing or damaged, saying what to do
 * @throws UsageError naming a flag that the data does not take
 */
export async function loadData({ data, dataPath, download, ...rest }: DataChoice): Promise<DatasetPair> {
  checkFileFlags(data, rest);
  const limitTrain = rest.limitTrain ?? undefined;
  const limitTest = rest.limitTest ?? undefined;
  if (data === 'synthetic') {
    if (dataPath !== null) throw new UsageError('--data synthetic is drawn, and takes no --data-path');
    return syntheticDataset({ train: limitTrain, test: limitTest });
  }
  const { train, test } =
    data === 'imagefolder' || data === 'webdataset'
      ? loadImages(data, dataPath, rest)
      : await loadOrFetchCifar(data, dataPath ?? DEFAULT_PATH, download);
  return { train: limited(train, limitTrain), test: limited(test, limitTest) };
}

function checkFileFlags(
  data: TrainConfig['data'],
  given: Omit<DataChoice, 'data' | 'dataPath' | 'download'>,
): void {
  // What is off is 0 for a strength and null for a file.
  const wrong = FILE_FLAGS.find((flag) => given[flag.key] && !flag.data.includes(data));
  if (wrong)
    throw new UsageError(`${wrong.flag} is for --data ${wrong.data.join(' and ')}: ${data} does not take it`);
}

function loadImages(
  data: 'imagefolder' | 'webdataset',
  path: string | null,
  { classMap, exclude }: Pick<DataChoice, 'classMap' | 'exclude'>,
): DatasetPair {
  if (path === null) throw new UsageError(`--data ${data} needs --data-path`);
  if (data === 'imagefolder') {
    const map = classMap === null ? undefined : readClassMap(classMap);
    return loadImageFolders(path, { classMap: map, excludeList: exclude ?? undefined });
  }
  return loadWebDatasets(path);
}

async function loadOrFetchCifar(name: CifarName, path: string, download: boolean): Promise<DatasetPair> {
  if (!download) return loadCifar(name, path, { onNotice: printNotice });
  const line = new ProgressLine(process.stderr);
  const onProgress = (received: number, total = Infinity): void =>
    line.update(received / total, `fetching ${name}: ${(received / 1e6).toFixed(1)} MB`);
  try {
    return await loadCifar(name, path, { download: { onProgress }, onNotice: printNotice });
  } finally {
    line.clear();
  }
}

/** @throws UsageError when `--classes` was given and is not what the data has */
export function checkClasses(given: number | undefined, data: string, classes: readonly string[]): void {
  if (given === undefined || given === classes.length) return;
  throw new UsageError(`--classes is ${given}, but ${data} has ${classes.length} classes`);
}
