import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { byCodePoint } from '../../codePointOrder.js';
import { UserError } from '../../errors.js';
import { isFolder } from '../folders/fileKind.js';
import { hasLooseImages, isArchiveName, leaving, subfolders } from '../folders/imageFiles.js';
import { type PartName, partOfName } from '../folders/partNames.js';
import { isUrl, plainPath } from '../remote/url.js';
import { unreadable } from '../unreadable.js';
import { expandBraces } from './braces.js';

/** The archives of a data set by their parts. */
export interface ShardParts {
  /** Folder, or beginning of URLs, that archive paths are relative to. */
  readonly root: string;
  /** Archives of each part; if none has a part's name, all are `all`. */
  readonly parts: Readonly<Partial<Record<PartName | 'all', readonly string[]>>>;
  /** Archives that belong to no part, beside those that do. */
  readonly beside: readonly string[];
}

/**
 * The archives of a path or a pattern, sorted within a folder; or of URLs or patterns of them, with `::` between several.
 *
 * @throws UserError when there are none, or a URL cannot stand for archives
 */
export function findShards(place: string): string[] {
  if (isUrl(place)) return urlsOf(place);
  const shards = isFolder(place) ? tarsIn(place) : expandBraces(place);
  if (shards.length === 0) throw new UserError(`${place} has no .tar archives`);
  return shards;
}

/**
 * Whether a path or pattern stands for .tar archives, as any URL does, rather than a folder of class folders. Where there are
 * both, the folders count: archives are often kept beside what was unpacked from them.
 */
export function isWebDataset(place: string): boolean {
  if (isUrl(place) || /\.tar$/i.test(place)) return true;
  const folder = shardFolder(place);
  return folder !== undefined && !hasClassFolders(folder);
}

/** How deep class folders lie in a data set at most, in enclosing folders and parts; links may lead in circles. */
const DEEPEST_CLASS = 4;

/** Whether folders in a folder have images, but for those of archives, beside which a picture may lie. */
function hasClassFolders(folder: string, depth = DEEPEST_CLASS): boolean {
  const inner = subfolders(folder).map((name) => join(folder, name));
  return (
    inner.some((path) => tarsIn(path).length === 0 && hasLooseImages(path)) ||
    (depth > 1 && inner.some((path) => hasClassFolders(path, depth - 1)))
  );
}

function urlsOf(place: string): string[] {
  const urls = place.split(/::(?=https?:\/\/)/i).flatMap(expandBraces);
  for (const url of urls) checkUrl(url);
  return urls;
}

function checkUrl(url: string): void {
  const found = URL.canParse(url) ? new URL(url) : undefined;
  if (!found) throw new UserError(`${url} is not a URL`);
  if (found.username !== '' || found.password !== '')
    throw new UserError(
      `the URL of ${found.pathname} holds a password, which a run would keep: set BIASLOSS_DATA_AUTHORIZATION to the value of the Authorization header instead`,
    );
  if (/\*|\/$/.test(found.pathname))
    throw new UserError(
      `${plainPath(url)} names no archives: a server does not list its files, so name them, as in https://host/train-{0000..0009}.tar`,
    );
}

/**
 * Sorts archives into parts by the names of their folders, or by their own: see {@link partOfName}.
 *
 * @throws UserError when there are none, or some have a part's name and the others are ambiguous
 */
export function findShardParts(place: string): ShardParts {
  const folder = shardFolder(place);
  if (folder !== undefined && tarsIn(folder).length === 0) return partFolders(folder);
  const shards = findShards(folder ?? place);
  const root = folder ?? dirname(plainPath(shards[0]!));
  const parts = new Map<PartName, string[]>();
  const beside: string[] = [];
  for (const path of shards) {
    const part = partOfShard(path);
    if (part === undefined) beside.push(path);
    else parts.set(part, [...(parts.get(part) ?? []), path]);
  }
  if (parts.size === 0 || shards.length === 1) return { root, parts: { all: shards }, beside: [] };
  if (parts.size === 1 && beside.length > 0) {
    const [[part, [example]]] = [...parts] as [[PartName, [string]]];
    throw new UserError(
      `${place} has ${basename(plainPath(example))}, which looks like the part for ${part}, beside ${basename(plainPath(beside[0]!))}, ` +
        'which does not: rename archives so that their names start with train and val, or give a pattern such as shard-{000..011}.tar',
    );
  }
  return { root, parts: asParts(parts), beside };
}

/** The part of an archive by its name, or by its folder's where there is no folder to look into. */
function partOfShard(path: string): PartName | undefined {
  const plain = plainPath(path);
  const own = partOfName(basename(plain).replace(/\.tar$/i, ''))?.part;
  return own ?? (isUrl(path) ? partOfName(basename(dirname(plain)))?.part : undefined);
}

/** Folders with parts' names that hold archives. */
function partFolders(root: string): ShardParts {
  const parts = new Map<PartName, string[]>();
  const beside: string[] = [];
  for (const name of subfolders(root)) {
    const path = join(root, name);
    const part = partOfName(name)?.part;
    const shards = tarsIn(path);
    if (part === undefined || shards.length === 0) beside.push(path);
    else if (parts.has(part))
      throw new UserError(
        `${root} has two folders of archives for ${part}, ${name}/ and another: rename one`,
      );
    else parts.set(part, shards);
  }
  return { root, parts: asParts(parts), beside };
}

/** A single part is the whole data set. */
function asParts(parts: ReadonlyMap<PartName, readonly string[]>): ShardParts['parts'] {
  if (parts.size === 1) return { all: [...parts.values()][0]! };
  if (!parts.has('train'))
    throw new UserError(
      'there are archives for validation and for testing, but none to train on: give the path of one part',
    );
  return Object.fromEntries(parts);
}

/** The folder of archives or of parts' folders of archives: the place itself, or the only folder in it. */
function shardFolder(place: string): string | undefined {
  const left: string[] = [];
  for (let at = place; isFolder(at); ) {
    if (tarsIn(at).length > 0) return at;
    const names = subfolders(at);
    if (names.some((name) => partOfName(name) && tarsIn(join(at, name)).length > 0)) return at;
    if (names.length !== 1) return undefined;
    const inner = join(at, names[0]!);
    left.push(leaving(at, inner, left));
    at = inner;
  }
  return undefined;
}

function tarsIn(folder: string): string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw unreadable(`the folder ${folder}`, error);
  }
  const paths = names.filter(isArchiveName).sort(byCodePoint);
  return paths.map((name) => join(folder, name)).filter((path) => !isFolder(path));
}
