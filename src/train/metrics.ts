/** How many labels are among the highest logits, and the cross-entropy: sums over images. */
export interface AccuracySums {
  readonly images: number;
  readonly top1: number;
  readonly top5: number;
  /** Sum of the cross-entropies. */
  readonly crossEntropy: number;
  /** Images whose logits gave no finite cross-entropy; absent where there are none. */
  readonly notFinite?: number | undefined;
}

/** Sums over no images. */
export const NO_ACCURACY: AccuracySums = { images: 0, top1: 0, top5: 0, crossEntropy: 0 };

/**
 * Sums over the first `count` rows of `logits` [N, classes]. A label is in the top k when fewer than k
 * other classes are above it; equal logits count for the lower class, as in PyTorch's sort. A row without a finite
 * cross-entropy (NaN in any class, an infinite maximum) is in no top k: comparisons with NaN say nothing.
 *
 * @param each called for each row with the label, the highest class and its probability; the class is −1 where a logit is NaN or
 *   the highest is infinite
 */
export function accuracySums(
  logits: Float32Array,
  labels: Int32Array,
  options: {
    readonly classes: number;
    readonly count: number;
    readonly each?: (label: number, predicted: number, confidence: number) => void;
  },
): AccuracySums {
  const { classes, count, each } = options;
  let top1 = 0;
  let top5 = 0;
  let crossEntropy = 0;
  let notFinite = 0;
  for (let n = 0; n < count; n++) {
    const row = logits.subarray(n * classes, (n + 1) * classes);
    const label = labels[n]!;
    const { rank, predicted, confidence, logSum } = rankOf(row, label);
    const entropy = logSum - row[label]!;
    crossEntropy += entropy;
    if (!Number.isFinite(entropy)) notFinite++;
    else {
      if (rank === 0) top1++;
      if (rank < 5) top5++;
    }
    each?.(label, Number.isNaN(confidence) ? -1 : predicted, confidence);
  }
  return { images: count, top1, top5, crossEntropy, ...(notFinite > 0 && { notFinite }) };
}

/** How many classes come before the label, which class comes first with which probability, and log Σ exp(logit). */
function rankOf(
  row: Float32Array,
  label: number,
): { rank: number; predicted: number; confidence: number; logSum: number } {
  const own = row[label]!;
  let rank = 0;
  let predicted = 0;
  for (let k = 0; k < row.length; k++) {
    const logit = row[k]!;
    if (logit > own || (logit === own && k < label)) rank++;
    if (logit > row[predicted]!) predicted = k;
  }
  const highest = row[predicted]!;
  let sum = 0;
  for (let k = 0; k < row.length; k++) sum += Math.exp(row[k]! - highest);
  return { rank, predicted, confidence: 1 / sum, logSum: highest + Math.log(sum) };
}

/** Adds the sums of two parts. */
export function addAccuracy(a: AccuracySums, b: AccuracySums): AccuracySums {
  const notFinite = (a.notFinite ?? 0) + (b.notFinite ?? 0);
  return {
    images: a.images + b.images,
    top1: a.top1 + b.top1,
    top5: a.top5 + b.top5,
    crossEntropy: a.crossEntropy + b.crossEntropy,
    ...(notFinite > 0 && { notFinite }),
  };
}

/** Accuracies in percent and the mean cross-entropy. */
export interface Accuracy {
  readonly images: number;
  readonly top1: number;
  readonly top5: number;
  readonly crossEntropy: number;
  /** Images whose logits gave no finite cross-entropy, which count as wrong; absent where there are none. */
  readonly notFinite?: number | undefined;
}

/** Means of the sums; zeros for no images. */
export function accuracyOf({ images, top1, top5, crossEntropy, notFinite }: AccuracySums): Accuracy {
  const share = (sum: number): number => (images === 0 ? 0 : sum / images);
  const means = { top1: 100 * share(top1), top5: 100 * share(top5), crossEntropy: share(crossEntropy) };
  return { images, ...means, ...(notFinite !== undefined && { notFinite }) };
}

/** Sums as numbers in a fixed order, which ranks add up. */
export function numbersOfSums({ images, top1, top5, crossEntropy, notFinite = 0 }: AccuracySums): number[] {
  return [images, top1, top5, crossEntropy, notFinite];
}

/** The sums in such numbers. */
export function sumsOfNumbers(numbers: readonly number[]): AccuracySums {
  const [images = 0, top1 = 0, top5 = 0, crossEntropy = 0, notFinite = 0] = numbers;
  return { images, top1, top5, crossEntropy, ...(notFinite > 0 && { notFinite }) };
}

/** The better of an evaluation's top-1 and the best so far. An evaluation without a finite cross-entropy is never the best. */
export function betterTop1({ top1, crossEntropy }: Accuracy, best: number): number {
  return Number.isFinite(crossEntropy) ? Math.max(top1, best) : best;
}
