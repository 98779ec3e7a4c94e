import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Why nothing can be kept, where there is no folder of caches. */
export const NO_CACHE = 'there is no home folder, and XDG_CACHE_HOME names no folder';

/** The user's home folder; undefined where there is none: no `HOME`, and no entry among the system's users, as in some containers. */
export function homeFolder(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The user's folder of caches: `XDG_CACHE_HOME`, or `~/.cache` where that is not set, empty or relative, as the XDG Base Directory
 * Specification says.
 *
 * @returns undefined where there is no home folder either
 */
export function cachesFolder(): string | undefined {
  const { XDG_CACHE_HOME: folder = '' } = process.env;
  if (isAbsolute(folder)) return folder;
  const home = homeFolder();
  return home === undefined ? undefined : join(home, '.cache');
}

/**
 * Where what can be made again is kept: the folder `biasloss/NAME` in `XDG_CACHE_HOME` or `~/.cache`.
 *
 * @returns undefined where there is neither, and nothing can be kept
 */
export function cacheFolder(name: string): string | undefined {
  const folder = cachesFolder();
  return folder === undefined ? undefined : join(folder, 'biasloss', name);
}
