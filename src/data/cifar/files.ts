import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, UserError } from '../../errors.js';
import { readTarMembers } from '../download/tarball.js';
import { isFile } from '../folders/fileKind.js';
import { CIFAR_LAYOUTS, type CifarFacts, type CifarLayout } from './facts.js';

/** The files of one CIFAR set, read. */
export interface CifarFiles {
  readonly layout: (typeof CIFAR_LAYOUTS)[number];
  /** Contents by base name. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** Where a file came from, for messages. */
  readonly pathOf: (baseName: string) => string;
}

/** Where a CIFAR set is. */
export type CifarPlace = { readonly archive: string } | { readonly folder: string };

/**
 * Finds a CIFAR set: a folder with its files, a folder that holds the usual folder or archive, or the
 * archive itself, in either layout.
 */
export function findCifar(facts: CifarFacts, path: string): CifarPlace | undefined {
  if (isFile(path)) return { archive: path };
  const folders = [path, ...CIFAR_LAYOUTS.map((layout) => join(path, facts[layout].folder))];
  const folder = folders.find((place) => CIFAR_LAYOUTS.some((layout) => hasAny(facts[layout], place)));
  if (folder !== undefined) return { folder };
  const archives = CIFAR_LAYOUTS.map((layout) => join(path, facts[layout].archive));
  const archive = archives.find(isFile);
  return archive === undefined ? undefined : { archive };
}

/**
 * Reads the files of a set that {@link findCifar} found.
 *
 * @throws UserError when a file is missing, or the archive is truncated or another one
 */
export async function readCifarFiles(facts: CifarFacts, place: CifarPlace): Promise<CifarFiles> {
  return 'folder' in place ? readFolder(facts, place.folder) : await readArchive(facts, place.archive);
}

function readFolder(facts: CifarFacts, folder: string): CifarFiles {
  const layout = CIFAR_LAYOUTS.find((kind) => hasAny(facts[kind], folder))!;
  const { train, test, names } = facts[layout];
  const missing = [...train, ...test].find((file) => !isFile(join(folder, file)));
  if (missing !== undefined)
    throw new UserError(
      `${join(folder, missing)} is missing, though other files of ${facts.title} are there`,
    );
  const files = [...train, ...test, ...(isFile(join(folder, names)) ? [names] : [])];
  const contents = new Map(files.map((file) => [file, readBytes(join(folder, file))]));
  return { layout, contents, pathOf: (file) => join(folder, file) };
}

async function readArchive(facts: CifarFacts, path: string): Promise<CifarFiles> {
  const wanted = new Set(CIFAR_LAYOUTS.flatMap((layout) => filesOf(facts[layout])));
  const contents = await readTarMembers(path, (file) => wanted.has(file));
  const layout = CIFAR_LAYOUTS.find((kind) =>
    [...facts[kind].train, ...facts[kind].test].every((file) => contents.has(file)),
  );
  if (!layout) {
    const found = contents.size > 0 ? [...contents.keys()].join(', ') : 'none';
    throw new UserError(`${path} is not ${facts.title}: of its files the archive has ${found}`);
  }
  return { layout, contents, pathOf: (file) => `${file} in ${path}` };
}

function filesOf(layout: CifarLayout): string[] {
  return [...layout.train, ...layout.test, layout.names];
}

function hasAny({ train, test }: CifarLayout, folder: string): boolean {
  return [...train, ...test].some((file) => isFile(join(folder, file)));
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${errorMessage(error)}`);
  }
}
