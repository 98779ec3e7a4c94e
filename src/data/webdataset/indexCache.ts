import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, NO_CACHE } from '../../cacheFolder.js';
import { errorMessage } from '../../errors.js';
import { makeFolder } from '../../makeFolder.js';
import type { BadSample, RemoteShard, ShardSample } from './shardIndex.js';

/** Number of the file's layout, and of the rules by which samples are found; files of another one are ignored. */
const LAYOUT = 2;

/** The folder of indices unless another is named: `biasloss/shards` in `XDG_CACHE_HOME` or `~/.cache`; undefined where there is neither. */
export function indexFolder(): string | undefined {
  return cacheFolder('shards');
}

/** Keeps what archives at URLs hold, so that they are read only once. */
export class IndexCache {
  /** Why nothing could be kept, if so. */
  failure: string | undefined;

  /** @param folder undefined to keep nothing */
  constructor(private readonly folder: string | undefined) {}

  /** What is kept of an archive; undefined if that is nothing, or not readable. */
  read(url: string): RemoteShard | undefined {
    if (this.folder === undefined) return undefined;
    try {
      const kept: unknown = JSON.parse(readFileSync(fileIn(this.folder, url), 'utf8'));
      return isKept(kept, url) ? asShard(kept) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps an archive's index, whole or not at all; other processes and threads may do so at the same time. */
  write(url: string, { version, samples, bad }: RemoteShard): void {
    if (this.folder === undefined) {
      this.failure = `the index of archives cannot be kept: ${NO_CACHE}`;
      return;
    }
    const kept: Kept = {
      layout: LAYOUT,
      url,
      version,
      samples: samples.map(({ name, offset, length, label, hash }) => [name, offset, length, label, hash]),
      bad,
    };
    const path = fileIn(this.folder, url);
    const part = `${path}.${randomUUID()}.part`;
    try {
      makeFolder(this.folder);
      writeFileSync(part, JSON.stringify(kept));
      renameSync(part, path);
    } catch (error) {
      this.failure = `the index of archives cannot be kept in ${this.folder}: ${errorMessage(error)}`;
      // A full disk leaves a part of it; in a folder that cannot be made there is none.
      if (existsSync(part)) rmSync(part);
    }
  }
}

function fileIn(folder: string, url: string): string {
  return join(folder, `${createHash('sha256').update(url).digest('hex').slice(0, 32)}.json`);
}

/** Name, offset, length, label and hash. */
type KeptSample = readonly [string, number, number, number, string];

/** A file of the cache. */
interface Kept {
  readonly layout: typeof LAYOUT;
  readonly url: string;
  readonly version: RemoteShard['version'];
  readonly samples: readonly KeptSample[];
  readonly bad: readonly BadSample[];
}

function asShard({ version, samples, bad }: Kept): RemoteShard {
  const named = samples.map(
    ([name, offset, length, label, hash]): ShardSample => ({ name, offset, length, label, hash }),
  );
  return { version, samples: named, bad };
}

function isKept(value: unknown, url: string): value is Kept {
  if (typeof value !== 'object' || value === null) return false;
  const { layout, url: own, version, samples, bad } = value as Partial<Record<keyof Kept, unknown>>;
  return (
    layout === LAYOUT &&
    own === url &&
    hasTypes(version, { length: 'number', tag: 'string' }) &&
    Array.isArray(samples) &&
    samples.every((sample) => hasTypes(sample, ['string', 'number', 'number', 'number', 'string'])) &&
    Array.isArray(bad) &&
    bad.every((each) => hasTypes(each, { path: 'string', reason: 'string' }))
  );
}

/** Whether an object or array has properties of these types. */
function hasTypes(value: unknown, types: Readonly<Record<string, string>> | readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const properties: Readonly<Record<string, unknown>> = { ...value };
  return Object.entries(types).every(([key, type]) => typeof properties[key] === type);
}
