import { join } from 'node:path';
import { UserError } from '../../errors.js';
import { isFolder } from './fileKind.js';
import { filesAround, hasLooseImages, imageFiles, leaving, subfolders } from './imageFiles.js';
import type { LeftOut } from './leftOut.js';
import { type NamedPart, PART_NAMES, type PartName, partOfName } from './partNames.js';

/** Where the parts of a data set are. */
export interface FolderLayout {
  /** The folder of the parts, or of the classes if there are none; enclosing folders with nothing else are skipped. */
  readonly root: string;
  /** The folder of the training classes. */
  readonly train: string;
  /** The other parts' folders of classes; undefined if there are none. */
  readonly val: string | undefined;
  readonly test: string | undefined;
  /** Further notices. */
  readonly notes: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

/** A folder with a part's name. */
interface Candidate extends NamedPart {
  readonly name: string;
  readonly path: string;
  /** Whether it has subfolders, which are its classes. */
  readonly hasClasses: boolean;
}

/**
 * Finds the parts of a set in ImageFolder's layout: folders with the usual names, in any case, with class
 * folders in them; or just class folders. A folder that has nothing but one other folder is skipped.
 *
 * @throws UserError when there is no folder, or what looks like parts is ambiguous
 */
export function findLayout(folder: string): FolderLayout {
  if (!isFolder(folder))
    throw new UserError(`there is no folder ${folder}: expected a folder of images for each class in it`);
  const around: LeftOut[] = [];
  const left: string[] = [];
  let root = folder;
  for (;;) {
    const names = subfolders(root);
    const parts = partsIn(root, names);
    if (parts) return { ...parts, leftOut: [...around, ...filesAround(root), ...parts.leftOut] };
    const inner = wrapped(root, names, left);
    if (inner === undefined) break;
    for (const file of filesAround(root)) around.push(file);
    root = inner;
  }
  return { root, train: root, val: undefined, test: undefined, notes: [], leftOut: around };
}

/**
 * The only folder in a folder, if that is not a class but has classes or parts.
 *
 * @param left real paths of the folders around, to which that of the folder is added
 */
function wrapped(
  folder: string,
  names: readonly string[],
  left: string[],
  classes?: readonly string[],
): string | undefined {
  const [name] = names;
  if (name === undefined || names.length > 1 || classes?.includes(name.normalize('NFC'))) return undefined;
  const inner = join(folder, name);
  left.push(leaving(folder, inner, left));
  return subfolders(inner).length > 0 && !hasLooseImages(inner) ? inner : undefined;
}

/** The folder of a part's classes; enclosing folders with nothing else are skipped, and files in them left out. */
function classFolder(folder: string, leftOut: LeftOut[], classes?: readonly string[]): string {
  const left: string[] = [];
  for (let at = folder; ; ) {
    const inner = wrapped(at, subfolders(at), left, classes);
    if (inner === undefined) return at;
    for (const file of filesAround(at)) leftOut.push(file);
    at = inner;
  }
}

function partsIn(root: string, names: readonly string[]): FolderLayout | undefined {
  const found = names.flatMap((name): Candidate[] => {
    const named = partOfName(name);
    const path = join(root, name);
    return named ? [{ ...named, name, path, hasClasses: subfolders(path).length > 0 }] : [];
  });
  const whole = found.filter(({ hasClasses }) => hasClasses);
  const others = names.filter((name) => !found.some((part) => part.name === name));
  if (whole.length === 0) {
    refuseLooseParts(root, found, others);
    return undefined;
  }
  const isSet = new Set(whole.map(({ part }) => part)).size > 1;
  const withImages = others.filter((name) => hasImages(join(root, name)));
  if (!isSet && withImages.length > 0) {
    if (whole.some(({ isPrefixed }) => isPrefixed)) return undefined;
    throw new UserError(
      `${root} has ${whole[0]!.name}/ with folders in it beside ${listed(withImages)}, and it is not clear whether that is ` +
        `a part or a class: give ${whole[0]!.path} itself, or move its images out of their folders if it is a class`,
    );
  }
  return layoutOf(root, found, others);
}

function hasImages(folder: string): boolean {
  const { images, foreign } = imageFiles(folder);
  return images.length + foreign.length > 0;
}

/** Folders that are called train and val, but have no class folders, are neither parts nor likely classes. */
function refuseLooseParts(root: string, found: readonly Candidate[], others: readonly string[]): void {
  const plain = others.length === 0 ? found : found.filter(({ isPrefixed }) => !isPrefixed);
  if (new Set(plain.map(({ part }) => part)).size < 2) return;
  throw new UserError(
    `${root} has ${listed(plain.map(({ name }) => name))}, which look like parts of a set, but there are no class ` +
      'folders in them: expected a folder of images for each class in each; rename them if they are classes',
  );
}

function layoutOf(root: string, found: readonly Candidate[], others: readonly string[]): FolderLayout {
  const leftOut: LeftOut[] = others.map((name) => ({ path: join(root, name), reason: 'beside' }));
  const notes: string[] = [];
  const folderOf = (part: PartName): Candidate | undefined => {
    const [first, second] = found.filter((candidate) => candidate.part === part && candidate.hasClasses);
    if (second)
      throw new UserError(
        `${root} has ${first!.name}/ and ${second.name}/, which both look like its part for ${part}: remove or rename one`,
      );
    return first;
  };
  for (const loose of found.filter(({ hasClasses }) => !hasClasses)) {
    if (!hasImages(loose.path)) notes.push(`${loose.name}/ is empty`);
    else if (loose.part === 'test')
      notes.push(`${loose.name}/ is ignored: its images are not in class folders, so they have no classes`);
    else
      throw new UserError(
        `${loose.path} has images, but no class folders: expected a folder of images for each class`,
      );
  }
  const [train, val, test] = PART_NAMES.map(folderOf);
  if (train === undefined && val && test)
    throw new UserError(
      `${root} has ${val.name}/ and ${test.name}/, but no train/: give the path of one of them`,
    );
  // A single part is the whole data set.
  const first = classFolder((train ?? val ?? test)!.path, leftOut);
  const classes = subfolders(first).map((name) => name.normalize('NFC'));
  const rest = (part: Candidate | undefined): string | undefined =>
    part && train ? classFolder(part.path, leftOut, classes) : undefined;
  const evaluated = { val: rest(val), test: rest(test) };
  return { root, train: first, ...evaluated, notes, leftOut };
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `${name}/`);
  const rest = names.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(' and ');
}
