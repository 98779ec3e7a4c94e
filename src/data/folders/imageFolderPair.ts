import type { ImageDataset } from '../dataset.js';
import { type ImageParts, refuseEmptyParts, refuseFolds, type SplitOptions } from '../parts/imageParts.js';
import { type DataSummary, missingClasses, type PartSummary } from '../parts/summary.js';
import { type ClassMap, classGapNotes, classMapNotes } from './classMap.js';
import { type Exclusions, readExclusions } from './exclusions.js';
import { type ImageFolderOptions, readImageFolder } from './imageFolder.js';
import { type FolderLayout, findLayout } from './layout.js';
import { holdOut } from './splits.js';

/** Options of {@link loadImageFolders}. */
export interface ImageFoldersOptions extends SplitOptions {
  readonly classMap?: ClassMap | undefined;
  /** An exclusion list: one path per line, relative to the folder or one of its parts. */
  readonly excludeList?: string | undefined;
}

/**
 * The parts of a data set in ImageFolder's layout: see {@link findLayout}; if it has only class folders,
 * a share of the images is held out.
 *
 * @throws UserError when the layout is another or ambiguous, a part is empty, or as {@link imageFolder}
 */
export function loadImageFolders(folder: string, options: ImageFoldersOptions = {}): ImageParts {
  const layout = findLayout(folder);
  const exclusions = exclusionsOf(folder, layout, options.excludeList);
  const reading = { classMap: options.classMap, excluded: exclusions?.has };
  const first = readImageFolder(layout.train, reading);
  const { classes } = first.dataset;
  const others = otherParts(layout, { ...reading, classes, classCount: classes.length });
  const { train, test, final } = separated(layout, first.dataset, others, options);
  const leftOut = [first, others.val, others.test].flatMap((part) => part?.leftOut ?? []);
  const mapped = [first, others.val, others.test].flatMap((part) => part?.folders ?? []);
  const notes = [
    ...layout.notes,
    ...first.notes,
    ...unmatchedNotes(exclusions),
    ...classMapNotes(options.classMap, mapped),
    // A data set for testing may have some of a model's classes.
    ...(options.splitBy === 'none' ? [] : classGapNotes(options.classMap)),
  ];
  return {
    train,
    test,
    final,
    root: layout.root,
    summary: {
      place: folder,
      classes: classes.length,
      ...partsSummary(layout, { train, test, final }, options),
      notes: [...notes, ...missingIn(layout, { train, test }, options)],
      leftOut: [...layout.leftOut, ...leftOut],
    },
  };
}

interface OtherParts {
  readonly val: ReturnType<typeof readImageFolder> | undefined;
  readonly test: ReturnType<typeof readImageFolder> | undefined;
}

function otherParts({ val, test }: FolderLayout, options: ImageFolderOptions): OtherParts {
  const read = (folder: string | undefined): ReturnType<typeof readImageFolder> | undefined =>
    folder === undefined ? undefined : readImageFolder(folder, options);
  return { val: read(val), test: read(test) };
}

type Parts = Pick<ImageParts, 'train' | 'test' | 'final'>;

function separated(
  layout: FolderLayout,
  all: ImageDataset,
  { val, test }: OtherParts,
  { valShare: share = 0.2, splitSeed: seed = 0, splitBy = 'path', fold }: SplitOptions,
): Parts {
  const evaluated = val ?? test;
  if (evaluated) refuseFolds(layout.root, (layout.val ?? layout.test)!, fold);
  if (evaluated) return { train: all, test: evaluated.dataset, final: val && test?.dataset };
  if (splitBy === 'none') return { train: all, test: all };
  const parts = holdOut(all, { share, seed, fold, folder: layout.train });
  refuseEmptyParts(parts, share, fold);
  return parts;
}

const hasParts = ({ val, test }: FolderLayout): boolean => val !== undefined || test !== undefined;

function partsSummary(
  layout: FolderLayout,
  { train, test, final }: Parts,
  { valShare: share = 0.2, splitSeed: seed = 0, splitBy = 'path', fold }: SplitOptions,
): Pick<DataSummary, 'parts' | 'heldOut'> {
  const from = layout.train === layout.root ? undefined : layout.train;
  if (!hasParts(layout)) {
    if (splitBy === 'none') return { parts: [{ part: 'test', images: test.count, from }] };
    const parts: PartSummary[] = [
      { part: 'train', images: train.count, from },
      { part: 'val', images: test.count },
    ];
    return { parts, heldOut: { share, seed, fold } };
  }
  const parts: PartSummary[] = [
    { part: 'train', images: train.count, from },
    { part: 'val', images: test.count, from: layout.val ?? layout.test },
    ...(final ? [{ part: 'test', images: final.count, from: layout.test } as const] : []),
  ];
  return { parts };
}

function missingIn(
  layout: FolderLayout,
  { train, test }: Pick<Parts, 'train' | 'test'>,
  { classMap, splitBy }: ImageFoldersOptions,
): string[] {
  // A class map names more classes than there are folders, and a data set for testing may lack some.
  if (classMap || (splitBy === 'none' && !hasParts(layout))) return [];
  return [...missingClasses(train, 'train'), ...missingClasses(test, 'val')];
}

function exclusionsOf(
  folder: string,
  { root, train, val, test }: FolderLayout,
  list: string | undefined,
): Exclusions | undefined {
  const folders = [folder, root, train, val, test].filter((path) => path !== undefined);
  return list === undefined ? undefined : readExclusions(list, folders);
}

/** A notice about entries of an exclusion list that match no files. */
export function unmatchedNotes(exclusions: Exclusions | undefined): string[] {
  if (!exclusions || exclusions.unmatched.length === 0) return [];
  const { path, unmatched } = exclusions;
  const which = unmatched.length === 1 ? 'an entry that matches' : `${unmatched.length} entries that match`;
  return [`${path} has ${which} nothing, such as ${unmatched[0]}`];
}
