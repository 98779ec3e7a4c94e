import { type Dirent, readdirSync } from 'node:fs';
import { SettingError, type SettingText, UserError } from '../../errors.js';
import { CIFAR_NORMALISATION, type PixelDataset, type PixelDatasetPair, sharedBytes } from '../dataset.js';
import { type CifarPart, IMAGE_BYTES, readBinaryPart } from './binary.js';
import { CIFAR, type CifarFacts, type CifarName } from './facts.js';
import { type CifarFiles, type CifarPlace, findCifar, readCifarFiles } from './files.js';
import { type CifarDownloadOptions, downloadCifar } from './official.js';
import { readPythonNames, readPythonPart } from './python.js';

/** Options of {@link loadCifar}. */
export interface CifarOptions {
  /** Download the official archive if there is nothing at the path. Default false. */
  readonly download?: CifarDownloadOptions | undefined;
  /** Called with notices, such as a file with fewer or more images than the official one. */
  readonly onNotice?: ((text: string) => void) | undefined;
}

/**
 * CIFAR-10 or CIFAR-100, in the official binary layout or torchvision's Python layout: a folder with
 * the files, a folder that holds the usual folder or archive, or the archive.
 *
 * @throws UserError when files are missing, truncated, foreign, or have labels out of range
 */
export async function loadCifar(
  name: CifarName,
  path: string,
  options: CifarOptions = {},
): Promise<PixelDatasetPair> {
  const facts = CIFAR[name];
  const place = findCifar(facts, path) ?? (await fetched(name, path, options));
  const files = await readCifarFiles(facts, place);
  const classes = classNames(facts, files);
  const load = (which: 'train' | 'test'): PixelDataset => {
    const names = facts[files.layout][which];
    const parts = names.map((file) => readPart(facts, files, file));
    parts.forEach(({ labels }, i) => {
      const expected = facts.images[which] / names.length;
      if (labels.length === expected) return;
      const path = files.pathOf(names[i]!);
      options.onNotice?.(
        `${path} is not the official file of ${facts.title}: expected ${expected} images, found ${labels.length}`,
      );
    });
    return joined(`${facts.title} ${which}`, parts, classes);
  };
  return { train: load('train'), test: load('test') };
}

async function fetched(name: CifarName, path: string, { download }: CifarOptions): Promise<CifarPlace> {
  if (download) return { archive: await downloadCifar(name, path, download) };
  const { title, binary, python } = CIFAR[name];
  const other = otherDataAt(path);
  throw new SettingError(
    (name) =>
      `no ${title} at ${path}: expected ${binary.folder}/, ${python.folder}/ or one of their .tar.gz archives; ` +
      `give the place with ${name('dataPath')}, or fetch the archive with ${name('download')}${other ? other(name) : ''}`,
    1,
  );
}

/** What reads the folders or archives that are there instead, for the end of a message. */
function otherDataAt(path: string): SettingText | undefined {
  const entries = entriesOf(path);
  if (entries.some((entry) => entry.isDirectory()))
    return (name) => `, or, if its folders are classes, give ${name('data')} imagefolder`;
  if (entries.some((entry) => entry.name.endsWith('.tar')))
    return (name) => `, or, for its .tar archives, give ${name('data')} webdataset`;
  return undefined;
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    // What cannot be listed is missing all the same.
    return [];
  }
}

function readPart(facts: CifarFacts, files: CifarFiles, file: string): CifarPart {
  const path = files.pathOf(file);
  const read = files.layout === 'binary' ? readBinaryPart : readPythonPart;
  const part = read(facts, files.contents.get(file)!, path);
  const classCount = facts.classes.length;
  const wrong = part.labels.findIndex((label) => label < 0 || label >= classCount);
  if (wrong >= 0) {
    throw new UserError(
      `${path}: image ${wrong} has the label ${part.labels[wrong]}, but ${facts.title} has the classes 0 to ${classCount - 1}`,
    );
  }
  return part;
}

function joined(name: string, parts: readonly CifarPart[], classes: readonly string[]): PixelDataset {
  const count = parts.reduce((total, { labels }) => total + labels.length, 0);
  const pixels = sharedBytes(count * IMAGE_BYTES);
  const labels = new Int32Array(count);
  let at = 0;
  for (const part of parts) {
    part.copyPixels(pixels.subarray(at * IMAGE_BYTES));
    labels.set(part.labels, at);
    at += part.labels.length;
  }
  const normalisation = CIFAR_NORMALISATION;
  return { kind: 'pixels', name, classes, count, labels, imageSize: 32, pixels, normalisation };
}

/** Names of the classes: from the data set's own file, else the known ones. */
function classNames(facts: CifarFacts, files: CifarFiles): readonly string[] {
  const file = facts[files.layout].names;
  const bytes = files.contents.get(file);
  if (!bytes) return facts.classes;
  const names =
    files.layout === 'binary' ? namesInText(bytes) : readPythonNames(facts, bytes, files.pathOf(file));
  return names.length === facts.classes.length ? names : facts.classes;
}

function namesInText(bytes: Uint8Array): string[] {
  const lines = new TextDecoder().decode(bytes).split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '');
}
