import { UserError } from '../errors.js';

/** Name and shape of a tensor that a model has. */
export interface ExpectedTensor {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A tensor whose shape is not the model's. */
export interface Misshapen {
  readonly name: string;
  readonly expected: readonly number[];
  readonly found: readonly number[];
}

/** Differences between the tensors of a file and those of a model, by name. */
export interface StateDictDifference {
  readonly missing: readonly ExpectedTensor[];
  readonly unexpected: readonly ExpectedTensor[];
  readonly misshapen: readonly Misshapen[];
}

/** What a comparison ignores. */
export interface MatchOptions {
  /** Whether a missing tensor may be absent. Default: BatchNorm's `num_batches_tracked`, which files from before PyTorch 0.4.1 lack. */
  readonly optional?: (name: string) => boolean;
}

/** Names in a list of a message. */
const LISTED = 10;

const isCounter = (name: string): boolean => /(^|\.)num_batches_tracked$/.test(name);

/** Compares tensors with those that a model has. Orders do not matter. */
export function compareStateDict(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  expected: readonly ExpectedTensor[],
  { optional = isCounter }: MatchOptions = {},
): StateDictDifference {
  const names = new Set(expected.map(({ name }) => name));
  return {
    missing: expected.filter(({ name }) => !tensors.has(name) && !optional(name)),
    unexpected: [...tensors].flatMap(([name, { shape }]) => (names.has(name) ? [] : [{ name, shape }])),
    misshapen: expected.flatMap(({ name, shape }) => {
      const found = tensors.get(name)?.shape;
      return found && !sameShape(found, shape) ? [{ name, expected: shape, found }] : [];
    }),
  };
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function formatShape(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function list(title: string, items: readonly string[]): string[] {
  if (items.length === 0) return [];
  const more = items.length > LISTED ? `, and ${items.length - LISTED} more` : '';
  return [`${items.length} ${title}: ${items.slice(0, LISTED).join(', ')}${more}`];
}

/**
 * A difference in words: how many tensors are missing, unexpected or of another shape, and up to ten of
 * each by name with their shapes. Undefined where there is none.
 */
export function describeDifference(difference: StateDictDifference): string | undefined {
  const named = ({ name, shape }: ExpectedTensor): string => `${name} ${formatShape(shape)}`;
  const parts = [
    ...list('missing', difference.missing.map(named)),
    ...list('unexpected', difference.unexpected.map(named)),
    ...list(
      'of another shape',
      difference.misshapen.map(
        ({ name, expected, found }) => `${name} ${formatShape(found)} instead of ${formatShape(expected)}`,
      ),
    ),
  ];
  return parts.length > 0 ? parts.join('; ') : undefined;
}

/**
 * Refuses tensors that are not a model's.
 *
 * @param source the file, for the message
 * @param model the model's name, for the message
 * @throws UserError listing missing, unexpected and misshapen tensors
 */
export function requireMatch(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  expected: readonly ExpectedTensor[],
  { source, model, ...options }: MatchOptions & { readonly source: string; readonly model: string },
): void {
  const text = describeDifference(compareStateDict(tensors, expected, options));
  if (text !== undefined) throw new UserError(`${source} does not have the tensors of ${model}: ${text}`);
}
