import { spreadOf } from '../../src/report/compare/comparison.js';
import { pairedTest } from '../../src/report/compare/pairedTest.js';
import { layOut, NOTHING } from '../table.js';

/** Last test accuracy in percent, and seconds from the command to the saved model. */
export interface Outcome {
  readonly top1: number;
  readonly seconds: number;
}

/** What a seed came to; PyTorch's only if it took part. */
export interface FinetuneRow {
  readonly seed: number;
  readonly ours: Outcome;
  readonly pytorch?: Outcome | undefined;
}

/** The table of all seeds with means, and of several seeds a sentence on whether the accuracies differ. */
export function finetuneTable(rows: readonly FinetuneRow[]): string {
  const ratio = (ours: number, theirs: number | undefined): string =>
    theirs === undefined ? NOTHING : (theirs / ours).toFixed(2);
  const lines = rows.map(({ seed, ours, pytorch }) => [
    ...[String(seed), ...cells(ours), ...cells(pytorch), ratio(ours.seconds, pytorch?.seconds)],
  ]);
  const [ours, pytorch] = [rows.map((row) => row.ours), rows.map((row) => row.pytorch)].map(figures);
  const header = ['seed', 'our top-1', 's', 'PyTorch top-1', 's', 'PyTorch ÷ ours'];
  const last = ['mean', ...ours!, ...pytorch!, ratio(Number(ours![1]), Number(pytorch![1]) || undefined)];
  return [layOut(header, [...lines, last]), ...differenceText(rows)].join('\n');
}

function cells(outcome: Outcome | undefined): string[] {
  return outcome ? [outcome.top1.toFixed(2), outcome.seconds.toFixed(1)] : [NOTHING, NOTHING];
}

function figures(outcomes: readonly (Outcome | undefined)[]): string[] {
  const known = outcomes.filter((outcome) => outcome !== undefined);
  if (known.length === 0) return [NOTHING, NOTHING];
  const { mean, deviation } = spreadOf(known.map(({ top1 }) => top1));
  const seconds = spreadOf(known.map((outcome) => outcome.seconds)).mean;
  const spread = known.length > 1 ? ` ± ${deviation.toFixed(2)}` : '';
  return [`${mean.toFixed(2)}${spread}`, seconds.toFixed(1)];
}

/** A paired t-test over the seeds; none of fewer than two. */
function differenceText(rows: readonly FinetuneRow[]): string[] {
  const pairs = rows.flatMap(({ ours, pytorch }) => (pytorch ? [[pytorch.top1, ours.top1] as const] : []));
  const test = pairedTest(
    pairs.map(([pytorch]) => pytorch),
    pairs.map(([, ours]) => ours),
  );
  if (!test) return [];
  const [low, high] = test.interval.map((end) => end.toFixed(2));
  const text = `${test.difference.toFixed(2)} points, with 95% confidence from ${low} to ${high}`;
  return [
    `our top-1 − PyTorch’s: ${text}; p = ${test.p.toPrecision(2)} (paired t-test, ${test.pairs} seeds)`,
  ];
}
