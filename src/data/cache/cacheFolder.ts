import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where what can be made again is kept: the folder `biasloss/NAME` in `XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(name: string): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'biasloss', name);
}
