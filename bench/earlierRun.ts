import { readFileSync } from 'node:fs';
import { UserError } from '../src/errors.js';
import type { Case, Comparison } from './benchmark.js';
import type { Contender } from './contenders.js';

/** The fastest of PyTorch's ways for a model's workload; undefined where the earlier run did not have it. */
export type KnownWays = (
  label: string,
  workload: Pick<Case['workload'], 'mode' | 'batch' | 'threads'>,
) => readonly Contender[] | undefined;

/**
 * Reads what `--json` wrote.
 *
 * @throws UserError when the file cannot be read or holds something else
 */
export function readKnownWays(path: string): KnownWays {
  const comparisons = readComparisons(path);
  return (label, { mode, batch, threads }) => {
    const same = comparisons.filter(
      (one) => one.model === label && one.mode === mode && one.batch === batch && one.threads === threads,
    );
    const ways = same.flatMap(({ pytorch, slower = [] }) =>
      [...(pytorch ? [pytorch] : []), ...slower].flatMap(({ contender }) => contender ?? []),
    );
    return ways.length > 0 ? ways : undefined;
  };
}

function readComparisons(path: string): readonly Comparison[] {
  try {
    const { comparisons }: { readonly comparisons?: readonly Comparison[] } = JSON.parse(
      readFileSync(path, 'utf8'),
    );
    if (Array.isArray(comparisons)) return comparisons;
  } catch {
    // Said below.
  }
  throw new UserError(`${path} cannot be read: --fastest-of takes a file that --json wrote`);
}
