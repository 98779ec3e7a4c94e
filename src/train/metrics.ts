/** How many labels are among the highest logits, and the cross-entropy: sums over images. */
export interface AccuracySums {
  readonly images: number;
  readonly top1: number;
  readonly top5: number;
  /** Sum of the cross-entropies. */
  readonly crossEntropy: number;
}

/** Sums over no images. */
export const NO_ACCURACY: AccuracySums = { images: 0, top1: 0, top5: 0, crossEntropy: 0 };

/**
 * Sums over the first `count` rows of `logits` [N, classes]. A label is in the top k when fewer than k
 * other classes are above it; equal logits count for the lower class, as in PyTorch's sort.
 *
 * @param each called for each row with the label, the highest class and its probability
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
  for (let n = 0; n < count; n++) {
    const row = logits.subarray(n * classes, (n + 1) * classes);
    const label = labels[n]!;
    const { rank, predicted, confidence, logSum } = rankOf(row, label);
    if (rank === 0) top1++;
    if (rank < 5) top5++;
    crossEntropy += logSum - row[label]!;
    each?.(label, predicted, confidence);
  }
  return { images: count, top1, top5, crossEntropy };
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
  return {
    images: a.images + b.images,
    top1: a.top1 + b.top1,
    top5: a.top5 + b.top5,
    crossEntropy: a.crossEntropy + b.crossEntropy,
  };
}

/** Accuracies in percent and the mean cross-entropy. */
export interface Accuracy {
  readonly images: number;
  readonly top1: number;
  readonly top5: number;
  readonly crossEntropy: number;
}

/** Means of the sums; zeros for no images. */
export function accuracyOf({ images, top1, top5, crossEntropy }: AccuracySums): Accuracy {
  const share = (sum: number): number => (images === 0 ? 0 : sum / images);
  return { images, top1: 100 * share(top1), top5: 100 * share(top5), crossEntropy: share(crossEntropy) };
}
