import type { ImageDataset } from '../dataset.js';
import type { LeftOut } from '../folders/leftOut.js';
import { holdOut } from '../folders/splits.js';
import { type ImageParts, refuseEmptyParts, refuseFolds, type SplitOptions } from '../parts/imageParts.js';
import { missingClasses, type PartSummary } from '../parts/summary.js';
import type { RemoteOptions } from './openShards.js';
import { findShardParts, type ShardParts } from './shards.js';
import { webDataset } from './webDataset.js';

/** Options of {@link loadWebDatasets}. */
export interface WebDatasetsOptions extends SplitOptions {
  /** Names of the classes. */
  readonly classes?: readonly string[] | undefined;
  /** How archives at URLs are read. */
  readonly remote?: RemoteOptions | undefined;
}

/**
 * The parts of a data set in .tar archives: a folder with folders of archives, or with archives, whose names are a part's
 * (see {@link findShardParts}); or a folder, a file or a pattern such as `shard-{000..011}.tar`, of which a
 * share is held out. Files and patterns may be http(s) URLs.
 *
 * @throws UserError when there are no archives, their parts are not clear or one is empty, or as {@link webDataset}
 */
export async function loadWebDatasets(place: string, options: WebDatasetsOptions = {}): Promise<ImageParts> {
  const shards = findShardParts(place);
  const { root, parts } = shards;
  const { valShare: share = 0.2, splitSeed: seed = 0, splitBy = 'path', fold } = options;
  const read = async (
    part: keyof ShardParts['parts'],
    classes = options.classes,
  ): Promise<ImageDataset | undefined> =>
    parts[part] && webDataset(parts[part], { name: `${place} ${part}`, classes, remote: options.remote });
  const all = await read('all');
  if (!all) {
    refuseFolds(place, (parts.val ?? parts.test)![0]!, fold);
    const train = (await read('train'))!;
    const [val, test] = [await read('val', train.classes), await read('test', train.classes)];
    return summarised(place, shards, { train, test: (val ?? test)!, final: val && test });
  }
  if (splitBy === 'none') return summarised(place, shards, { train: all, test: all });
  const split = holdOut({ ...all, name: place }, { share, seed, fold, folder: root });
  refuseEmptyParts(split, share, fold);
  const loaded = summarised(place, shards, split);
  return { ...loaded, summary: { ...loaded.summary, heldOut: { share, seed, fold } } };
}

function summarised(
  place: string,
  { root, parts, beside }: ShardParts,
  { train, test, final }: Pick<ImageParts, 'train' | 'test' | 'final'>,
): ImageParts {
  const summaries: PartSummary[] = [
    { part: 'train', images: train.count, from: parts.train?.[0] },
    { part: 'val', images: test.count, from: (parts.val ?? parts.test)?.[0] },
    ...(final ? [{ part: 'test', images: final.count, from: parts.test?.[0] } as const] : []),
  ];
  const isWhole = train === test;
  const leftOut = beside.map((path): LeftOut => ({ path, reason: 'beside' }));
  const notes = isWhole ? [] : [...missingClasses(train, 'train'), ...missingClasses(test, 'val')];
  const summary = {
    place,
    classes: train.classes.length,
    parts: isWhole ? [{ part: 'test', images: test.count } as const] : summaries,
    notes,
    leftOut,
  };
  return { train, test, final, root, summary };
}
