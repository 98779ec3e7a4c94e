import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cachesFolder, homeFolder, NO_CACHE } from '../../cacheFolder.js';
import { type Checksum, checksumName, fits, hashOf } from '../../data/download/checksum.js';
import { type DownloadSettings, download } from '../../data/download/download.js';
import { UserError } from '../../errors.js';
import {
  TORCHVISION_WEIGHTS,
  type TorchvisionWeights,
  torchvisionWeights,
} from '../../models/knownWeights.js';

/** Where torchvision publishes its weights. */
const ORIGIN = 'https://download.pytorch.org/models/';

/**
 * torchvision's file of weights, in the folder where torchvision itself keeps it (`TORCH_HOME`); it is fetched if it is not there, from
 * `BIASLOSS_TORCHVISION_URL` if that is set.
 *
 * @param tag `IMAGENET1K_V1`. Default: torchvision's default
 * @returns its path
 * @throws UserError when there are no such weights, or they cannot be fetched or are damaged
 */
export async function torchvisionFile(
  model: string,
  tag: string | undefined,
  settings: DownloadSettings = {},
): Promise<string> {
  const weights = torchvisionWeights(model, tag);
  if (!weights) throw new UserError(unknownWeights(model, tag));
  return publishedFile(weights, settings);
}

/** The file of some weights: see {@link torchvisionFile}. */
export async function publishedFile(
  weights: Pick<TorchvisionWeights, 'file'>,
  settings: DownloadSettings = {},
): Promise<string> {
  const path = join(checkpointsFolder(), weights.file);
  const checksum = checksumOf(weights);
  if (!existsSync(path)) {
    const url = `${(process.env.BIASLOSS_TORCHVISION_URL ?? ORIGIN).replace(/\/*$/, '/')}${weights.file}`;
    await download({ url, path, checksum, what: 'torchvision’s file' }, settings);
    return path;
  }
  const found = await hashOf(path, checksum.algorithm);
  if (fits(found, checksum)) return path;
  throw new UserError(
    `${path} is damaged: expected ${checksumName(checksum)}, found ${found}; delete it, and it is fetched again`,
  );
}

function unknownWeights(model: string, tag: string | undefined): string {
  const ofModel = TORCHVISION_WEIGHTS.filter(({ published }) => published === model);
  if (ofModel.length > 0)
    return `torchvision’s ${model} has no weights ${tag}, only ${ofModel.map((each) => each.tag).join(', ')}`;
  const names = new Set(TORCHVISION_WEIGHTS.map(({ published }) => published));
  return `torchvision/${model} is no file, and no model of torchvision whose weights are known: ${[...names].join(', ')}`;
}

/** The first digits of the SHA-256, which stand at the end of the file's name. */
function checksumOf({ file }: Pick<TorchvisionWeights, 'file'>): Checksum {
  return { algorithm: 'sha256', hex: /-([0-9a-f]+)\.pth$/.exec(file)![1]! };
}

/** torch.hub's folder of checkpoints. @throws UserError where there is none */
function checkpointsFolder(): string {
  const { TORCH_HOME } = process.env;
  const caches = cachesFolder();
  const folder = TORCH_HOME || (caches && join(caches, 'torch'));
  if (!folder)
    throw new UserError(`torchvision's weights cannot be kept: TORCH_HOME is not set, ${NO_CACHE}`);
  const home = homeFolder();
  return join(home ? folder.replace(/^~(?=\/|$)/, home) : folder, 'hub', 'checkpoints');
}
