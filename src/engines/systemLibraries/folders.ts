import { existsSync, readdirSync } from 'node:fs';
import { delimiter } from 'node:path';

/** Variables of an environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Folders that a variable lists. */
export function listed(variable: string | undefined): string[] {
  return (variable ?? '').split(delimiter).filter((folder) => folder !== '');
}

/** Names in a folder, in order; none where it cannot be read. */
export function entries(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** Those folders that exist, each once. */
export function existing(folders: readonly string[]): string[] {
  return [...new Set(folders)].filter((folder) => existsSync(folder));
}

/** Prefixes of the Python environments that are activated. */
export function activePrefixes({ VIRTUAL_ENV, CONDA_PREFIX }: Environment): string[] {
  return [VIRTUAL_ENV, CONDA_PREFIX].filter((prefix) => prefix !== undefined).filter(Boolean);
}
