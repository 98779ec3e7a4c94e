import { isSameVersion } from '../remote/fileVersion.js';
import { type Patience, readRange } from '../remote/readRange.js';
import { RemoteWindow } from '../remote/remoteWindow.js';
import type { IndexCache } from './indexCache.js';
import { indexShard, type RemoteShard } from './shardIndex.js';

/** How an archive is read. */
export interface IndexingOptions {
  readonly patience?: Patience | undefined;
  /** Called before an archive is read. */
  readonly onIndexing: () => void;
  /** Called after each request to the server. */
  readonly onRead: () => void;
}

/**
 * The samples of an archive at a URL: as they are kept on disk, if the archive is still the same, else read from the server and kept.
 *
 * @throws UserError as {@link readRange}
 */
export async function indexRemoteShard(
  url: string,
  cache: IndexCache,
  { patience, onIndexing, onRead }: IndexingOptions,
): Promise<RemoteShard> {
  const { version } = await readRange({ url, offset: 0, length: 1 }, patience);
  const known = cache.read(url);
  if (known && isSameVersion(known.version, version)) return known;
  onIndexing();
  const window = new RemoteWindow(url, version, patience, onRead);
  const index = await window.run(indexShard(url, version.length, true));
  const shard = { ...index, version };
  cache.write(url, shard);
  return shard;
}
