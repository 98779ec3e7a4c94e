import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Checksum } from '../../data/download/checksum.js';
import { type DownloadSettings, download } from '../../data/download/download.js';
import { errorMessage, UserError } from '../../errors.js';
import { blobPath, linkToBlob, snapshotFolder } from './hubCache.js';

/** A file of a commit. */
export interface HubFile {
  readonly path: string;
  /** SHA-256 of files in LFS, git's hash of others. */
  readonly checksum: Checksum;
}

type Hub = typeof import('@huggingface/hub');

/** What is asked of a server, and how. */
interface Access {
  readonly name: string;
  readonly repo: string;
  readonly hubUrl: string;
  readonly revision: string;
  readonly accessToken?: string;
  readonly fetch: typeof fetch;
}

/** Milliseconds to wait for an answer about a repository. */
const PATIENCE_MS = 10_000;

/** A repository on a server of Hugging Face. */
export class HubAccess {
  private constructor(
    private readonly hub: Hub,
    private readonly access: Access,
  ) {}

  /** The repository on `HF_ENDPOINT`, with `HF_TOKEN`. */
  static async create({
    repo,
    revision,
  }: {
    readonly repo: string;
    readonly revision: string;
  }): Promise<HubAccess> {
    const { HF_ENDPOINT = 'https://huggingface.co', HF_TOKEN } = process.env;
    if (!URL.canParse(HF_ENDPOINT) || !/^https?:/i.test(HF_ENDPOINT))
      throw new UserError(
        `HF_ENDPOINT must be a URL that starts with https:// or http://, not ${HF_ENDPOINT}`,
      );
    return new HubAccess(await import('@huggingface/hub'), {
      name: repo,
      ...{ repo, revision },
      hubUrl: HF_ENDPOINT.replace(/\/+$/, ''),
      ...(HF_TOKEN && { accessToken: HF_TOKEN }),
      fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) }),
    });
  }

  /** `timm/mobilenetv3_large_100.ra_in1k`. */
  get repo(): string {
    return this.access.repo;
  }

  /** The server's address. */
  get endpoint(): string {
    return this.access.hubUrl;
  }

  /**
   * The commit that the revision is now.
   *
   * @throws UserError when there is no such model or revision, or it may not be read; another error when the server cannot be reached
   */
  async commit(): Promise<string> {
    const { sha } = await this.asked(() => this.hub.modelInfo({ ...this.access, additionalFields: ['sha'] }));
    if (!/^[0-9a-f]{40}$/.test(sha)) throw new UserError(`${this.endpoint} answered with a commit ${sha}`);
    return sha;
  }

  /** The files of a commit that there are among some paths, by path. */
  async files(commit: string, paths: string[]): Promise<ReadonlyMap<string, HubFile>> {
    const found = await this.asked(() =>
      this.hub.pathsInfo({ ...this.access, revision: commit, paths }),
    ).catch((error: unknown) => {
      throw error instanceof UserError ? error : new UserError(`${this.repo}: ${errorMessage(error)}`);
    });
    return new Map(
      found.map(({ path, oid, lfs }) => [
        path,
        {
          path,
          checksum: lfs
            ? { algorithm: 'sha256' as const, hex: lfs.oid }
            : { algorithm: 'gitBlob' as const, hex: oid ?? '' },
        },
      ]),
    );
  }

  /**
   * A file in the cache; it is fetched if it is not there.
   *
   * @returns its path in the commit's snapshot
   */
  async fetchFile(
    { path, checksum }: HubFile,
    storage: string,
    commit: string,
    settings: DownloadSettings,
  ): Promise<string> {
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(checksum.hex))
      throw new UserError(`${this.endpoint} gives no checksum of ${path} of ${this.repo}`);
    const blob = blobPath(storage, checksum.hex);
    const { accessToken } = this.access;
    if (!existsSync(blob))
      await download(
        {
          url: `${this.endpoint}/${this.repo}/resolve/${commit}/${path}`,
          path: blob,
          checksum,
          what: `${path} of ${this.repo}`,
          headers: accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` },
        },
        settings,
      );
    const kept = join(snapshotFolder(storage, commit), path);
    await linkToBlob(blob, kept);
    return kept;
  }

  /** Asks the server; what it refuses is a sentence. */
  private async asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof TypeError && /access token/i.test(error.message))
        throw new UserError(`HF_TOKEN is not a token of Hugging Face: ${error.message}`);
      if (error instanceof this.hub.HubApiError && error.statusCode < 500)
        throw this.refusal(error.statusCode);
      throw error;
    }
  }

  private refusal(status: number): UserError {
    const { repo, revision, hubUrl, accessToken } = this.access;
    const name = revision === 'main' ? repo : `${repo}@${revision}`;
    if (status === 429) return new UserError(`${name}: ${hubUrl} answers no more requests for now (429)`);
    const token = accessToken === undefined ? 'private ones need HF_TOKEN' : 'HF_TOKEN gives no access to it';
    return new UserError(
      `${name} is no file, and ${hubUrl} has no such model, or it may not be read (${status}; ${token})`,
    );
  }
}
