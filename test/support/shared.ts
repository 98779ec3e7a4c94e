import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A path in the shared reference data: $BIASLOSS_SHARED, or `shared` beside the repository. */
export function sharedPath(...parts: string[]): string {
  const beside = fileURLToPath(new URL('../../../../shared', import.meta.url));
  return join(process.env.BIASLOSS_SHARED ?? beside, ...parts);
}

/** For `node:test`'s `skip`: false where the file is there, else the reason. */
export function skipWithoutShared(...parts: string[]): string | false {
  const path = sharedPath(...parts);
  return existsSync(path) ? false : `${path} is not there`;
}
