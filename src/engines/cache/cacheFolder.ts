import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where an engine keeps what it compiled and measured: `biasloss/cuda`, say, in `XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(engine: string): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'biasloss', engine);
}
