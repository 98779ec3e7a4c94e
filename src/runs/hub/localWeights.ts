import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DownloadSettings } from '../../data/download/download.js';
import { isFolder } from '../../data/folders/fileKind.js';
import { noticeEvent, type RunListener } from '../runEvents.js';
import { huggingFaceFile } from './huggingFace.js';
import { torchvisionFile } from './torchvision.js';
import { weightsName } from './weightsName.js';

/**
 * The file of weights that a text names: a path stays as it is, the weights in it if it is a folder like a clone of
 * a repository; published weights (`timm/resnet18.a1_in1k`, `torchvision/resnet18`) are fetched if they are not in the cache.
 *
 * @param onEvent called with the progress of a download, and if the cache is used because there is no network
 * @param retries attempts of a download
 * @returns a path
 * @throws UserError when published weights cannot be had
 */
export async function localWeights(
  source: string,
  onEvent?: RunListener,
  retries: Pick<DownloadSettings, 'attempts'> = {},
): Promise<string> {
  const name = weightsName(source);
  if (!name) return inFolder(source);
  const settings: DownloadSettings = {
    ...retries,
    onProgress: (received, total) => onEvent?.({ event: 'download', data: source, received, total }),
  };
  if (name.library === 'torchvision') return torchvisionFile(name.model, name.tag, settings);
  const onNotice = (text: string): void => onEvent?.(noticeEvent('weights', () => text));
  return huggingFaceFile(name, { ...settings, onNotice });
}

function inFolder(path: string): string {
  const file = join(path, 'model.safetensors');
  return isFolder(path) && existsSync(file) ? file : path;
}
