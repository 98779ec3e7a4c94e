import type { BatchSource } from '../data/batch.js';
import type { Learner } from './learner.js';
import { StepRunner } from './stepRunner.js';
import type { Teacher } from './teacher.js';

/** A step of a sweep over learning rates. */
export interface RatePoint {
  readonly learningRate: number;
  readonly loss: number;
  /** Moving average of the losses so far. */
  readonly smoothed: number;
}

/** Options of {@link sweepRates}. */
export interface RateSweepOptions {
  readonly learner: Learner;
  readonly train: BatchSource;
  readonly teacher?: Teacher | undefined;
  /** Batches per step. Default 1. */
  readonly accumulate?: number | undefined;
  /** The first and the last rate. */
  readonly from: number;
  readonly to: number;
  /** Steps from one to the other. */
  readonly steps: number;
  /** Called after each step with the share that is done. */
  readonly onProgress?: ((done: number, point: RatePoint) => void) | undefined;
}

/** What the moving average keeps each step, and how far above its least value the sweep ends: as fastai has them. */
const KEPT = 0.98;
const DIVERGED = 4;

/**
 * Trains while the learning rate grows from step to step by the same factor, until the loss diverges or the last rate is reached. The
 * learner is spoilt afterwards.
 */
export async function sweepRates(options: RateSweepOptions): Promise<RatePoint[]> {
  const { learner, train, teacher, accumulate = 1, from, to, steps, onProgress } = options;
  const runner = new StepRunner(learner, accumulate, teacher);
  await runner.prepare(0);
  const points: RatePoint[] = [];
  let average = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let epoch = 0; points.length < steps; epoch++) {
    let number = 0;
    for await (const batch of train.epoch(epoch)) {
      const step = points.length;
      const learningRate = from * (to / from) ** (step / (steps - 1));
      const isLast = ++number === train.stepsPerEpoch;
      const totals = await runner.add(batch, { learningRate, step, isLast });
      if (!totals) continue;
      const loss = totals.loss / totals.batches;
      average = KEPT * average + (1 - KEPT) * loss;
      const smoothed = average / (1 - KEPT ** (step + 1));
      if (!Number.isFinite(smoothed) || smoothed > DIVERGED * least) return points;
      least = Math.min(least, smoothed);
      const point = { learningRate, loss, smoothed };
      points.push(point);
      onProgress?.(points.length / steps, point);
      if (points.length === steps) break;
    }
  }
  return points;
}

/** Learning rates that a sweep speaks for. */
export interface SuggestedRates {
  /** In the middle third of the longest valley, the longest series of steps of which each has a lower loss than the last: fastai's `valley`. */
  readonly valley: number;
  /** Where the loss falls most steeply. */
  readonly steepest: number;
}

/** Steps at the start of a sweep whose losses say little, as a share of all, and at its end, where it diverges. */
const SKIPPED_SHARE = 0.1;
const SKIPPED_END = 5;

/** Learning rates to train with; undefined if the loss falls nowhere. */
export function suggestRates(points: readonly RatePoint[]): SuggestedRates | undefined {
  const used = points.slice(Math.floor(SKIPPED_SHARE * points.length), -SKIPPED_END);
  const losses = used.map(({ smoothed }) => smoothed);
  const valley = longestFall(losses);
  if (valley.length < 3) return undefined;
  const slopes = losses.slice(1).map((loss, i) => loss - losses[i]!);
  const steepest = slopes.indexOf(Math.min(...slopes));
  return {
    valley: used[valley[Math.floor(valley.length / 2)]!]!.learningRate,
    steepest: used[steepest]!.learningRate,
  };
}

/** The places of a longest series of falling values, not necessarily neighbours. */
function longestFall(values: readonly number[]): number[] {
  const lengths = values.map(() => 1);
  const before = values.map(() => -1);
  let last = 0;
  values.forEach((value, i) => {
    for (let j = 0; j < i; j++)
      if (value < values[j]! && lengths[j]! >= lengths[i]!) {
        lengths[i] = lengths[j]! + 1;
        before[i] = j;
      }
    if (lengths[i]! > lengths[last]!) last = i;
  });
  const places: number[] = [];
  for (let place = values.length > 0 ? last : -1; place >= 0; place = before[place]!) places.unshift(place);
  return places;
}
