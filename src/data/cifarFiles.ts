import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { readTarMembers } from './tarball.js';

/** Which CIFAR. */
export type CifarName = 'cifar10' | 'cifar100';

/** Facts of a CIFAR set's distribution. */
export interface CifarFacts {
  readonly title: string;
  readonly classCount: number;
  /** Bytes of labels before the pixels in the binary layout. */
  readonly labelBytes: number;
  /** Which of those is the class. */
  readonly labelOffset: number;
  readonly binary: CifarLayout;
  readonly python: CifarLayout;
}

/** Names of a layout's files. */
export interface CifarLayout {
  readonly folder: string;
  readonly archive: string;
  /** MD5 of the official archive. */
  readonly md5: string;
  readonly train: readonly string[];
  readonly test: readonly string[];
  /** Where the names of the classes are. */
  readonly names: string;
}

/** CIFAR-10's and CIFAR-100's files (https://www.cs.toronto.edu/~kriz/cifar.html). */
export const CIFAR: { readonly [N in CifarName]: CifarFacts } = {
  cifar10: {
    title: 'CIFAR-10',
    classCount: 10,
    labelBytes: 1,
    labelOffset: 0,
    binary: {
      folder: 'cifar-10-batches-bin',
      archive: 'cifar-10-binary.tar.gz',
      md5: 'c32a1d4ab5d03f1284b67883e8d87530',
      train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
      test: ['test_batch.bin'],
      names: 'batches.meta.txt',
    },
    python: {
      folder: 'cifar-10-batches-py',
      archive: 'cifar-10-python.tar.gz',
      md5: 'c58f30108f718f92721af3b95e74349a',
      train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}`),
      test: ['test_batch'],
      names: 'batches.meta',
    },
  },
  cifar100: {
    title: 'CIFAR-100',
    classCount: 100,
    labelBytes: 2,
    labelOffset: 1,
    binary: {
      folder: 'cifar-100-binary',
      archive: 'cifar-100-binary.tar.gz',
      md5: '03b5dce01913d631647c71ecec9e9cb8',
      train: ['train.bin'],
      test: ['test.bin'],
      names: 'fine_label_names.txt',
    },
    python: {
      folder: 'cifar-100-python',
      archive: 'cifar-100-python.tar.gz',
      md5: 'eb9058c3a382ffc7106e4002c42a8d85',
      train: ['train'],
      test: ['test'],
      names: 'meta',
    },
  },
};

/** The files of one CIFAR set, read. */
export interface CifarFiles {
  readonly layout: 'binary' | 'python';
  /** Contents by base name. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** Where a file came from, for messages. */
  readonly pathOf: (baseName: string) => string;
}

const layouts = ['binary', 'python'] as const;

function namesOf(layout: CifarLayout): string[] {
  return [...layout.train, ...layout.test, layout.names];
}

/**
 * Finds and reads a CIFAR set: a folder with its files, a folder that holds the usual folder or
 * archive, or the archive itself, in either layout.
 *
 * @throws UserError when nothing is there, saying what to do
 */
export async function readCifarFiles(name: CifarName, path: string): Promise<CifarFiles> {
  const facts = CIFAR[name];
  if (existsSync(path) && statSync(path).isFile()) return readArchive(facts, path);
  for (const folder of [path, ...layouts.map((layout) => join(path, facts[layout].folder))]) {
    const found = readFolder(facts, folder);
    if (found) return found;
  }
  for (const layout of layouts) {
    const archive = join(path, facts[layout].archive);
    if (existsSync(archive)) return readArchive(facts, archive);
  }
  throw new UserError(
    `no ${facts.title} at ${path}: expected ${facts.binary.folder}/, ${facts.python.folder}/ or one of their .tar.gz archives; ` +
      'give the place with --data-path, or fetch the archive with --download',
  );
}

function readFolder(facts: CifarFacts, folder: string): CifarFiles | undefined {
  for (const layout of layouts) {
    const { train, test, names } = facts[layout];
    if (![...train, ...test].some((file) => isFile(join(folder, file)))) continue;
    const missing = [...train, ...test].find((file) => !isFile(join(folder, file)));
    if (missing)
      throw new UserError(
        `${join(folder, missing)} is missing, though other files of ${facts.title} are there`,
      );
    const files = [...train, ...test, ...(isFile(join(folder, names)) ? [names] : [])];
    const contents = new Map(files.map((file) => [file, new Uint8Array(readFileSync(join(folder, file)))]));
    return { layout, contents, pathOf: (file) => join(folder, file) };
  }
  return undefined;
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

async function readArchive(facts: CifarFacts, path: string): Promise<CifarFiles> {
  const wanted = new Set(layouts.flatMap((layout) => namesOf(facts[layout])));
  const contents = await readTarMembers(path, (file) => wanted.has(file));
  const layout = layouts.find((kind) =>
    [...facts[kind].train, ...facts[kind].test].every((file) => contents.has(file)),
  );
  if (!layout) {
    const found = contents.size > 0 ? [...contents.keys()].join(', ') : 'none';
    throw new UserError(`${path} is not ${facts.title}: of its files the archive holds ${found}`);
  }
  return { layout, contents, pathOf: (file) => `${file} in ${path}` };
}
