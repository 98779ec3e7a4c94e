import { median } from '../../median.js';
import type { Pace } from '../pace.js';

/** What a training's pace is kept to. */
export interface PacerOptions {
  /** Epochs that are useful: there are never more. */
  readonly wanted: number;
  /** Seconds that are left of the budget. */
  secondsLeft(): number;
}

/** Epochs whose times are looked at. */
const RECENT = 3;
/** Share of the time left at the start, and seconds, of which the smaller is kept for what follows the training. */
const KEPT_SHARE = 0.1;
const KEPT_SECONDS = 20;
/** Differences of epochs that are left alone, as a share of those to come. */
const TOLERANCE = 0.1;

/**
 * Fits a training's epochs to the time that is left. It takes more of them while at most half of the new number is done: the learning
 * rate goes up then, and must have time to fall again. It takes fewer whenever the time is too short. Times are those of the
 * last epochs, the test set's evaluation included.
 *
 * @returns a function to be called after each epoch
 */
export function pacer({ wanted, secondsLeft }: PacerOptions): Pace {
  const kept = Math.min(KEPT_SHARE * secondsLeft(), KEPT_SECONDS);
  const times: number[] = [];
  return (done, planned, seconds) => {
    times.push(seconds);
    const affordable = Math.max(0, secondsLeft() - kept) / median(times.slice(-RECENT));
    return epochsFor({ done, planned, wanted, affordable });
  };
}

interface Standing {
  readonly done: number;
  readonly planned: number;
  readonly wanted: number;
  /** Epochs for which there is time, in fractions. */
  readonly affordable: number;
}

function epochsFor({ done, planned, wanted, affordable }: Standing): number {
  const most = Math.max(planned, wanted);
  const left = planned - done;
  const slack = Math.max(0.5, TOLERANCE * left);
  if (affordable < left - slack) return done + Math.round(affordable);
  const possible = Math.min(most, done + Math.floor(affordable));
  return possible >= planned + slack && 2 * done <= possible ? possible : planned;
}
