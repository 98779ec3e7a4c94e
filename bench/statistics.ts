import { median as middle } from '../src/median.js';

/** A figure of several rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle value; the mean of the two middle values of an even count. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('the median of nothing');
  return middle(values);
}

/** Median, least and greatest of some values. */
export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Seconds of every step, by round. */
export type Rounds = readonly (readonly number[])[];

/** Images a second, by round: the batch over the median time of a step. */
export function imagesPerSecond(rounds: Rounds, batch: number): Spread {
  return spread(rounds.map((seconds) => batch / median(seconds)));
}

/** How many times as fast `ours` is as `theirs`: the ratio of each round, whose blocks ran next to each other. */
export function speedRatio(ours: Rounds, theirs: Rounds): Spread {
  return spread(ours.map((seconds, round) => median(theirs[round]!) / median(seconds)));
}

/**
 * Seconds of a step in the fastest two in a row, which other work on the machine has disturbed least. One step alone may be short since a rank
 * waited in the step before it.
 */
export function fastestStep(rounds: Rounds): number {
  return Math.min(
    ...rounds.flatMap((seconds) => seconds.slice(1).map((second, i) => (second + seconds[i]!) / 2)),
  );
}
