import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { causeOf } from '../../data/download/causeOf.js';
import type { DownloadSettings } from '../../data/download/download.js';
import { errorMessage, UserError } from '../../errors.js';
import { HubAccess } from './hubAccess.js';
import { keepRevision, snapshotFolder } from './hubCache.js';

/** A model at Hugging Face. */
export interface HubModel {
  /** `timm/mobilenetv3_large_100.ra_in1k`. */
  readonly repo: string;
  /** A branch, tag or commit. */
  readonly revision: string;
}

/** Options of {@link huggingFaceFile}. */
export interface HubSettings extends DownloadSettings {
  /** Called with a sentence where the cached file is used because the server cannot be asked. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/** Files of weights in order of preference. */
const WEIGHTS = ['model.safetensors', 'pytorch_model.bin'] as const;

/** The description that timm and transformers keep beside the weights. */
const CONFIG = 'config.json';

/**
 * The file of weights of a repository at Hugging Face, with its `config.json` beside it, in Hugging Face's cache
 * (`HF_HOME`, `HF_HUB_CACHE`), as Python's huggingface_hub has it. What is not there is fetched from `HF_ENDPOINT`, with
 * `HF_TOKEN`, unless `HF_HUB_OFFLINE` is set.
 *
 * @returns its path
 * @throws UserError when there is no such model, or it cannot be fetched and is not in the cache
 */
export async function huggingFaceFile(model: HubModel, settings: HubSettings = {}): Promise<string> {
  const { getHFHubCachePath, getRepoFolderName } = await import('@huggingface/hub');
  const storage = join(getHFHubCachePath(), getRepoFolderName({ type: 'model', name: model.repo }));
  const cached = cachedFile(storage, model.revision);
  if (isOffline()) {
    if (cached !== undefined) return cached;
    throw new UserError(`${nameOf(model)} is not in ${storage}, and HF_HUB_OFFLINE is set`);
  }
  const access = await HubAccess.create(model);
  let commit: string;
  try {
    commit = await access.commit();
  } catch (error) {
    if (error instanceof UserError) throw error;
    return withoutServer(model, access.endpoint, { cached, error, storage, onNotice: settings.onNotice });
  }
  const path = await fetchSnapshot(access, { storage, commit, settings });
  await keepRevision(storage, model.revision, commit);
  return path;
}

/** The cached weights of the commit that a revision last was; undefined if there are none. */
function cachedFile(storage: string, revision: string): string | undefined {
  const reference = join(storage, 'refs', revision);
  const commit = existsSync(reference) ? readFileSync(reference, 'utf8').trim() : revision;
  return weightsIn(snapshotFolder(storage, commit));
}

function weightsIn(folder: string): string | undefined {
  return WEIGHTS.map((name) => join(folder, name)).find((path) => existsSync(path));
}

function isOffline(): boolean {
  return /^(1|on|yes|true)$/i.test(process.env.HF_HUB_OFFLINE ?? '');
}

function nameOf({ repo, revision }: HubModel): string {
  return revision === 'main' ? repo : `${repo}@${revision}`;
}

function withoutServer(
  model: HubModel,
  endpoint: string,
  {
    cached,
    error,
    storage,
    onNotice,
  }: {
    readonly cached: string | undefined;
    readonly error: unknown;
    readonly storage: string;
    readonly onNotice: ((text: string) => void) | undefined;
  },
): string {
  const why = `${endpoint} cannot be reached (${causeOf(error)})`;
  if (cached === undefined)
    throw new UserError(
      `${nameOf(model)} is no file, and cannot be fetched: ${why}, and it is not in ${storage}`,
    );
  onNotice?.(`${nameOf(model)}: ${why}; the weights in the cache are used`);
  return cached;
}

/** Fetches the description and the weights of a commit, as far as they are not in the cache. */
async function fetchSnapshot(
  access: HubAccess,
  {
    storage,
    commit,
    settings,
  }: { readonly storage: string; readonly commit: string; readonly settings: DownloadSettings },
): Promise<string> {
  const folder = snapshotFolder(storage, commit);
  const cached = weightsIn(folder);
  if (cached !== undefined && existsSync(join(folder, CONFIG))) return cached;
  const files = await access.files(commit, [CONFIG, ...WEIGHTS]);
  const weights = WEIGHTS.find((name) => files.has(name));
  if (weights === undefined)
    throw new UserError(
      `${access.repo} at ${access.endpoint} has no ${WEIGHTS.join(' or ')}, which would be its weights`,
    );
  try {
    if (files.has(CONFIG)) await access.fetchFile(files.get(CONFIG)!, storage, commit, {});
    return await access.fetchFile(files.get(weights)!, storage, commit, settings);
  } catch (error) {
    throw error instanceof UserError ? error : new UserError(`${access.repo}: ${errorMessage(error)}`);
  }
}
