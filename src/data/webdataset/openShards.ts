import type { Ranks } from '../../distributed/communicator.js';
import type { ImageSource } from '../dataset.js';
import type { Patience } from '../remote/readRange.js';
import { isUrl, plainPath } from '../remote/url.js';
import { IndexCache, indexFolder } from './indexCache.js';
import { indexLocalShard } from './localShard.js';
import { type IndexingOptions, indexRemoteShard } from './remoteShard.js';
import type { BadSample, ShardSample } from './shardIndex.js';

/** How archives at URLs are read. */
export interface RemoteOptions {
  /** Folder where their indices are kept. Default: `biasloss/shards` in `XDG_CACHE_HOME` or `~/.cache`. */
  readonly indexFolder?: string | undefined;
  /** This process among those that read the same archives: on one machine they share the indexing. Default: alone. */
  readonly ranks?: Ranks | undefined;
  /** Called with the archives done and all of them, after each archive and, while one is indexed, after each request. */
  readonly onIndexed?: ((done: number, total: number) => void) | undefined;
  /** Called with what is worth knowing, a sentence each. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Of index requests. */
  readonly patience?: Patience | undefined;
}

/** The samples of an archive. */
export interface OpenShard {
  readonly path: string;
  readonly samples: readonly ShardSample[];
  readonly bad: readonly BadSample[];
  /** Where a sample's image is stored. */
  readonly source: (sample: ShardSample) => ImageSource;
}

/** Archives at URLs that are indexed at a time. */
const AT_ONCE = 8;

/**
 * Reads what archives hold, from disk or from servers.
 *
 * @returns one for each path, in their order
 * @throws UserError when an archive is missing or cannot be reached
 */
export async function openShards(
  paths: readonly string[],
  options: RemoteOptions = {},
): Promise<readonly OpenShard[]> {
  const remote = await openRemote([...new Set(paths.filter(isUrl))], options);
  return paths.map((path) => remote.get(path) ?? openLocal(path));
}

function openLocal(path: string): OpenShard {
  const source = ({ name, offset, length }: ShardSample): ImageSource => ({
    path,
    member: { name, offset, length },
  });
  return { path, ...indexLocalShard(path), source };
}

async function openRemote(
  urls: readonly string[],
  { indexFolder: folder = indexFolder(), ranks, onIndexed, onNotice, patience }: RemoteOptions,
): Promise<ReadonlyMap<string, OpenShard>> {
  const cache = new IndexCache(folder);
  const opened = new Map<string, OpenShard>();
  // Ranks begin at different archives, so that each finds those of the others in the cache when it gets there.
  const first = ranks ? Math.floor((ranks.rank * urls.length) / ranks.size) : 0;
  const order = [...urls.slice(first), ...urls.slice(0, first)];
  let next = 0;
  let isSaid = false;
  const onIndexing = (): void => {
    const place = folder === undefined ? '' : `; the index is kept in ${folder}`;
    if (!isSaid) onNotice?.(`indexing ${textOf(urls)}${place}`);
    isSaid = true;
  };
  const onRead = (): void => onIndexed?.(opened.size, urls.length);
  const work = async (): Promise<void> => {
    for (let url = order[next++]; url !== undefined; url = order[next++]) {
      const shard = await openUrl(url, cache, { patience, onIndexing, onRead }).catch((error: unknown) => {
        // The others end after what they are at.
        next = order.length;
        throw error;
      });
      opened.set(url, shard);
      onRead();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (cache.failure !== undefined) onNotice?.(cache.failure);
  return opened;
}

async function openUrl(url: string, cache: IndexCache, options: IndexingOptions): Promise<OpenShard> {
  const { version, samples, bad } = await indexRemoteShard(url, cache, options);
  const source = ({ name, offset, length, hash }: ShardSample): ImageSource => ({
    path: url,
    member: { name, offset, length },
    remote: { version, hash },
  });
  return { path: url, samples, bad, source };
}

function textOf([first, ...rest]: readonly string[]): string {
  const name = plainPath(first!);
  return rest.length === 0 ? name : `${rest.length + 1} archives (${name} and so on)`;
}
