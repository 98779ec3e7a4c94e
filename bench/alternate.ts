import type { Candidate } from './candidate.js';
import { median, type Rounds } from './statistics.js';

/** How candidates are timed. */
export interface Timing {
  /** Times that every candidate's block runs. */
  readonly rounds: number;
  /** Steps of a block; by default as many as last about {@link BLOCK_SECONDS}. */
  readonly steps?: number | undefined;
}

/** How long a block lasts where its steps are not given. */
export const BLOCK_SECONDS = 1;
const MOST_STEPS = 500;
const WARM_UP_STEPS = 2;

/** What a warm-up found. */
export interface WarmedUp {
  /** Steps of the candidate's block. */
  readonly steps: number;
  /** Of the fastest step after the first. */
  readonly seconds: number;
}

/**
 * Runs a candidate's first steps, and says how many make a block: as given, else what these took decides.
 *
 * The very first also compiles, packs weights and takes memory, so it does not count.
 */
export async function warmUp(candidate: Pick<Candidate, 'run'>, steps?: number): Promise<WarmedUp> {
  await candidate.run(1);
  // The second, too, may differ: PyTorch optimises a trace after it has run once.
  const seconds = Math.min(...(await candidate.run(WARM_UP_STEPS)));
  const fitting = Math.max(2, Math.min(MOST_STEPS, Math.round(BLOCK_SECONDS / seconds)));
  return { steps: steps ?? fitting, seconds };
}

/**
 * Times candidates in turn, a block each, round after round (A B A B …), so that what else the machine does falls
 * on all of them.
 *
 * @param entrants the candidates, with the steps of each one's block
 * @returns the seconds of every step, by candidate and round
 */
export async function alternate(
  entrants: readonly { readonly candidate: Pick<Candidate, 'run'>; readonly steps: number }[],
  rounds: number,
): Promise<Rounds[]> {
  const results: (readonly number[])[][] = entrants.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { candidate, steps }] of entrants.entries()) {
      results[index]!.push(await candidate.run(steps));
    }
  }
  return results;
}

/** The index of the rounds with the fastest median step. */
export function fastest(results: readonly Rounds[]): number {
  const times = results.map((rounds) => median(rounds.map(median)));
  return times.indexOf(Math.min(...times));
}
