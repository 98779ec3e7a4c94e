import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where compiled kernels and choices of algorithms are kept: `biasloss/cuda` in `XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'biasloss', 'cuda');
}
