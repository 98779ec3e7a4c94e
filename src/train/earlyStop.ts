import { UsageError } from '../errors.js';
import type { Progress } from './checkpointInfo.js';
import type { Accuracy } from './metrics.js';

/** Figures of the test set that a run can be stopped by: top-1 should rise, cross-entropy should fall; `ema-top1` is that of the averaged weights. */
export const WATCHED = ['top1', 'cross-entropy', 'ema-top1'] as const;

/** Name of such a figure. */
export type WatchedMetric = (typeof WATCHED)[number];

/** An epoch's evaluations. */
export interface Evaluations {
  readonly test: Accuracy;
  /** Of the averaged weights. */
  readonly average?: Accuracy | undefined;
}

/** Which evaluation has a metric, and its value there, of which more is better. */
const metrics: Readonly<
  Record<WatchedMetric, (results: Evaluations) => readonly [evaluation: Accuracy, value: number]>
> = {
  top1: ({ test }) => [test, test.top1],
  'cross-entropy': ({ test }) => [test, -test.crossEntropy],
  'ema-top1': ({ average }) => [average!, average!.top1],
};

/** When a run ends before its last epoch. */
export interface EarlyStop {
  /** Epochs without a better value after which it ends. */
  readonly patience: number;
  /** Default top1. */
  readonly metric?: WatchedMetric | undefined;
}

/**
 * @param isAveraged whether averaged weights are evaluated
 * @throws UsageError when the patience is not a positive whole number, or the metric is of averages that are not kept
 */
export function checkEarlyStop({ patience, metric }: EarlyStop, isAveraged: boolean): void {
  if (metric === 'ema-top1' && !isAveraged)
    throw new UsageError('the metric ema-top1 needs a learner with averageDecay');
  if (!Number.isSafeInteger(patience) || patience < 1)
    throw new UsageError(`patience must be a whole number of at least 1, not ${patience}`);
}

/** What early stopping knows after an epoch. An evaluation without a finite cross-entropy is not better, and never the best. */
export function watch(
  before: Progress['watched'],
  { metric = 'top1' }: EarlyStop,
  results: Evaluations,
): NonNullable<Progress['watched']> {
  const [evaluation, value] = metrics[metric](results);
  const { best = Number.NEGATIVE_INFINITY, staleEpochs = 0 } = before ?? {};
  const isBetter = Number.isFinite(evaluation.crossEntropy) && value > best;
  return isBetter ? { best: value, staleEpochs: 0 } : { ...before, staleEpochs: staleEpochs + 1 };
}
