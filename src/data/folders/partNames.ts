/** Parts of a data set. */
export const PART_NAMES = ['train', 'val', 'test'] as const;

/** Name of a part: for training, for validation while training, for testing at the end. */
export type PartName = (typeof PART_NAMES)[number];

/** Names of folders and archives of a part. */
const WORDS: ReadonlyMap<string, PartName> = new Map([
  ['train', 'train'],
  ['training', 'train'],
  ['val', 'val'],
  ['valid', 'val'],
  ['validation', 'val'],
  ['dev', 'val'],
  ['eval', 'val'],
  ['evaluation', 'val'],
  ['test', 'test'],
  ['testing', 'test'],
]);

/** Words that may follow the part's word, besides numbers: training_set, test-images. */
const FOLLOWING = new Set(['set', 'data', 'dataset', 'images', 'imgs', 'split']);

/** A name that is a part's. */
export interface NamedPart {
  readonly part: PartName;
  /** Whether something else stands before the part's word: imagenet_train. */
  readonly isPrefixed: boolean;
}

/**
 * The part that a folder or archive is by its name, in any case, with words before it and numbers after:
 * `Training`, `val2017`, `train_000`, `imagenet1k-train-0000`; undefined for any other name, such as
 * `trainer`, `test tube` or `train-val`.
 */
export function partOfName(name: string): NamedPart | undefined {
  const words = name.toLowerCase().match(/\p{L}+|\p{N}+/gu) ?? [];
  const parts = words.flatMap((word, i) => {
    const part = WORDS.get(word);
    return part === undefined ? [] : [{ part, i }];
  });
  const [found] = parts;
  if (found === undefined || parts.length > 1) return undefined;
  const after = words.slice(found.i + 1);
  if (!after.every((word) => /^\p{N}/u.test(word) || FOLLOWING.has(word))) return undefined;
  return { part: found.part, isPrefixed: found.i > 0 };
}
