import { CIFAR10_NAMES, CIFAR100_NAMES } from './names.js';

/** Which CIFAR. */
export type CifarName = 'cifar10' | 'cifar100';

/** Facts about how a CIFAR set is distributed. */
export interface CifarFacts {
  readonly title: string;
  /** Names of the classes, for archives without them. */
  readonly classes: readonly string[];
  /** Bytes of labels before the pixels in the binary layout. */
  readonly labelBytes: number;
  /** Which of those is the class. */
  readonly labelOffset: number;
  /** Key of the classes in the Python layout. */
  readonly labelKey: string;
  /** Key of the classes' names in the Python layout. */
  readonly namesKey: string;
  /** Images of the parts, spread evenly over their files. */
  readonly images: { readonly train: number; readonly test: number };
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

/** The two layouts, the binary one first. */
export const CIFAR_LAYOUTS = ['binary', 'python'] as const;

/** Folder of the official archives. */
export const CIFAR_ORIGIN = 'https://www.cs.toronto.edu/~kriz/';

const IMAGES = { train: 50_000, test: 10_000 };

const fifths = [1, 2, 3, 4, 5];

/** CIFAR-10's and CIFAR-100's files (https://www.cs.toronto.edu/~kriz/cifar.html). */
export const CIFAR: { readonly [N in CifarName]: CifarFacts } = {
  cifar10: {
    title: 'CIFAR-10',
    classes: CIFAR10_NAMES,
    labelBytes: 1,
    labelOffset: 0,
    labelKey: 'labels',
    namesKey: 'label_names',
    images: IMAGES,
    binary: {
      folder: 'cifar-10-batches-bin',
      archive: 'cifar-10-binary.tar.gz',
      md5: 'c32a1d4ab5d03f1284b67883e8d87530',
      train: fifths.map((i) => `data_batch_${i}.bin`),
      test: ['test_batch.bin'],
      names: 'batches.meta.txt',
    },
    python: {
      folder: 'cifar-10-batches-py',
      archive: 'cifar-10-python.tar.gz',
      md5: 'c58f30108f718f92721af3b95e74349a',
      train: fifths.map((i) => `data_batch_${i}`),
      test: ['test_batch'],
      names: 'batches.meta',
    },
  },
  cifar100: {
    title: 'CIFAR-100',
    classes: CIFAR100_NAMES,
    labelBytes: 2,
    labelOffset: 1,
    labelKey: 'fine_labels',
    namesKey: 'fine_label_names',
    images: IMAGES,
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
