import { existsSync } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, UserError } from '../../errors.js';
import { makeFolder } from '../../makeFolder.js';
import { syncFile } from '../../syncFile.js';
import { causeOf } from './causeOf.js';
import { type Checksum, checksumName, fits, hashOf } from './checksum.js';
import { withLock } from './downloadLock.js';
import { fetchRest } from './fetchRest.js';

/** Called as bytes arrive; `total` is undefined if the server does not say. */
export type DownloadProgress = (received: number, total: number | undefined) => void;

/** Options of a download's retries and progress. */
export interface DownloadSettings {
  readonly onProgress?: DownloadProgress | undefined;
  /** Attempts without any progress before giving up. Default 5. */
  readonly attempts?: number | undefined;
  /** Milliseconds before the second attempt; doubled each time, up to half a minute. Default 1000. */
  readonly retryDelayMs?: number | undefined;
  /** Milliseconds without a byte after which a connection counts as broken. Default 30000. */
  readonly stallMs?: number | undefined;
}

/** What to download, and where to. */
export interface DownloadTarget {
  readonly url: string;
  readonly path: string;
  /** What the whole file must hash to. */
  readonly checksum: Checksum;
  /** What the file is, for messages. Default `the expected file`. */
  readonly what?: string | undefined;
  /** Headers of the request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

const LONGEST_DELAY_MS = 30_000;

/**
 * Downloads a file. It is written to `path`.part, which a later call resumes if the connection or the
 * process broke; only a complete file with the right checksum gets its name. Of several processes that want the file one downloads
 * it, and the others wait.
 *
 * @throws UserError when the server refuses, cannot be reached, or sends another file
 */
export async function download(target: DownloadTarget, settings: DownloadSettings = {}): Promise<void> {
  const { path, checksum } = target;
  const part = `${path}.part`;
  makeFolderOf(path);
  const fetchFile = async (): Promise<void> => {
    // Another process may have fetched it in the meantime.
    const isThere = existsSync(path) && fits(await hashOf(path, checksum.algorithm), checksum);
    if (!isThere) await fetchWhole(target, settings);
  };
  await withLock(`${part}.lock`, fetchFile, {
    onWait: async () => settings.onProgress?.(await sizeOf(part), undefined),
  });
}

async function fetchWhole(target: DownloadTarget, settings: DownloadSettings): Promise<void> {
  const { url, path, checksum, what = 'the expected file' } = target;
  const part = `${path}.part`;
  for (let resumed = (await sizeOf(part)) > 0; ; resumed = false) {
    await fetchWithRetries(target, settings);
    const found = await hashOf(part, checksum.algorithm);
    if (fits(found, checksum)) break;
    await rm(part, { force: true });
    // An earlier partial file may belong to another file: download again, from the beginning.
    if (!resumed)
      throw new UserError(`${url} is not ${what}: expected ${checksumName(checksum)}, found ${found}`);
  }
  await settle(part, path);
}

async function fetchWithRetries(
  { url, path, headers }: DownloadTarget,
  settings: DownloadSettings,
): Promise<void> {
  const { attempts = 5, retryDelayMs = 1000, stallMs = 30_000, onProgress } = settings;
  const part = `${path}.part`;
  for (let failures = 0; ; ) {
    const before = await sizeOf(part);
    try {
      await fetchRest({ url, part, headers, stallMs, onProgress });
      return;
    } catch (error) {
      if (error instanceof UserError) throw error;
      const size = await sizeOf(part);
      failures = size > before ? 1 : failures + 1;
      if (failures >= attempts) {
        const kept = size > 0 ? `; ${size} bytes are kept in ${part}, and the next try resumes there` : '';
        throw new UserError(`${url} could not be downloaded: ${causeOf(error)}${kept}`);
      }
    }
    await sleep(Math.min(retryDelayMs * 2 ** (failures - 1), LONGEST_DELAY_MS));
  }
}

function makeFolderOf(path: string): void {
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw new UserError(`the folder ${dirname(path)} cannot be created: ${errorMessage(error)}`);
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Gives a finished file its name, after its bytes are flushed to the disk. */
async function settle(part: string, path: string): Promise<void> {
  const file = await open(part, 'r+');
  try {
    await syncFile(file);
  } finally {
    await file.close();
  }
  await rename(part, path);
}
