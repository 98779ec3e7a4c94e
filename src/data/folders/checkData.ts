import { statSync } from 'node:fs';
import { join } from 'node:path';
import { byCodePoint } from '../../codePointOrder.js';
import { UserError } from '../../errors.js';
import { decodeRgb } from '../images/decode.js';
import { readImageSource } from '../images/imageSource.js';
import { imageFiles, subfolders } from './imageFiles.js';
import { partFolders } from './imageFolderPair.js';

/** What {@link checkData} found in one part of a set. */
export interface DataReport {
  readonly folder: string;
  /** Classes with the number of their readable images, sorted by name. */
  readonly classes: readonly { readonly name: string; readonly count: number }[];
  /** Files of no bytes. */
  readonly empty: readonly string[];
  /** Files that cannot be decoded, and why. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[];
  /** Images of formats that are not read. */
  readonly foreign: readonly string[];
}

/** Options of {@link checkData}. */
export interface CheckDataOptions {
  /** Called after each file. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  /** Files decoded at a time. Default 4. */
  readonly atOnce?: number | undefined;
}

interface File {
  readonly path: string;
  readonly part: number;
  readonly class: number;
}

/**
 * Decodes every image of a folder in ImageFolder's layout, of its training and test part where it has
 * them, and reports what training would stop at.
 *
 * @throws UserError when the folder cannot be read
 */
export async function checkData(folder: string, options: CheckDataOptions = {}): Promise<DataReport[]> {
  const { train, test } = partFolders(folder);
  const parts = (test === undefined ? [train] : [train, test]).map(emptyReport);
  const files = parts.flatMap((part, p) =>
    part.classes.flatMap(({ name }, c) => {
      const { images, foreign } = imageFiles(join(part.folder, name));
      part.foreign.push(...foreign);
      return images.map((path): File => ({ path, part: p, class: c }));
    }),
  );
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let file = files[next++]; file; file = files[next++]) {
      await checkFile(file, parts[file.part]!);
      options.onProgress?.(++done, files.length);
    }
  };
  await Promise.all(Array.from({ length: options.atOnce ?? 4 }, work));
  for (const part of parts) part.unreadable.sort((a, b) => byCodePoint(a.path, b.path));
  return parts;
}

function emptyReport(folder: string) {
  return {
    folder,
    classes: subfolders(folder).map((name) => ({ name, count: 0 })),
    empty: [] as string[],
    unreadable: [] as { path: string; reason: string }[],
    foreign: [] as string[],
  };
}

async function checkFile(file: File, report: ReturnType<typeof emptyReport>): Promise<void> {
  const { path } = file;
  if (statSync(path, { throwIfNoEntry: false })?.size === 0) {
    report.empty.push(path);
    return;
  }
  try {
    const { bytes, name } = await readImageSource({ path });
    await decodeRgb(bytes, name);
    report.classes[file.class]!.count++;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    report.unreadable.push({ path, reason: error.message });
  }
}
