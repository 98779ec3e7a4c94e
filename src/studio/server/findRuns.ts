import { type Dirent, existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { isInside, realPath } from './insideFolder.js';

/** Files of which a run's folder has at least one. */
const RUN_FILES = ['config.json', 'metrics.csv', 'last.safetensors'];

/** Folders between the studio's and a run's, at most: `sweep/lr-0.1/seed-2`. */
const MOST_LEVELS = 3;

/**
 * The folders of runs below a folder, as paths with slashes, in order. Symbolic links that lead out of the folder and hidden
 * folders are left out; a folder that is missing or cannot be read has none.
 */
export function findRuns(root: string): string[] {
  if (!existsSync(root)) return [];
  const found: string[] = [];
  const real = realpathSync(root);
  const walk = (id: string, level: number): void => {
    for (const name of foldersIn(join(root, id), real)) {
      const inner = id === '' ? name : `${id}/${name}`;
      if (RUN_FILES.some((file) => existsSync(join(root, inner, file)))) found.push(inner);
      else if (level < MOST_LEVELS) walk(inner, level + 1);
    }
  };
  walk('', 1);
  return found.sort();
}

function foldersIn(folder: string, root: string): string[] {
  return entriesOf(folder)
    .filter((entry) => !entry.name.startsWith('.'))
    .filter((entry) => {
      if (!entry.isSymbolicLink()) return entry.isDirectory();
      const real = realPath(join(folder, entry.name));
      return real !== undefined && isInside(root, real);
    })
    .map(({ name }) => name);
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
