import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { type DownloadSettings, download } from '../download/download.js';
import { CIFAR, CIFAR_ORIGIN, type CifarName } from './facts.js';

/** Options of {@link downloadCifar}. */
export interface CifarDownloadOptions extends DownloadSettings {
  /** URL of the archives' folder, with a slash at the end. Default: $BIASLOSS_CIFAR_URL, or the official https://www.cs.toronto.edu/~kriz/. */
  readonly origin?: string | undefined;
}

/**
 * Fetches the official binary archive of a CIFAR set and checks its MD5.
 *
 * @param path a folder, or the archive's own path, which ends in `.gz`
 * @returns the archive's path
 * @throws UserError when it cannot be fetched or is another file
 */
export async function downloadCifar(
  name: CifarName,
  path: string,
  options: CifarDownloadOptions = {},
): Promise<string> {
  const { archive, md5 } = CIFAR[name].binary;
  const target = path.endsWith('.gz') ? path : join(path, archive);
  const origin = options.origin ?? process.env.BIASLOSS_CIFAR_URL ?? CIFAR_ORIGIN;
  const checksum = { algorithm: 'md5', hex: md5 } as const;
  await download(
    { url: urlOf(archive, origin), path: target, checksum, what: 'the official archive' },
    options,
  );
  return target;
}

function urlOf(archive: string, origin: string): string {
  const known = URL.canParse(origin) && /^https?:/i.test(origin);
  if (known) return new URL(archive, origin).href;
  throw new UserError(
    `CIFAR's archives (BIASLOSS_CIFAR_URL) must be at a URL that starts with http:// or https://, not ${JSON.stringify(origin)}`,
  );
}
