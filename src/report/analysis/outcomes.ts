import { UserError } from '../../errors.js';

/** A model's results on a set of images. */
export interface Outcomes {
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** Number of images. */
  readonly count: number;
  /** Class of each image. */
  readonly labels: Int32Array;
  /** Most probable class of each. */
  readonly predicted: Int32Array;
  /** [count, classes] */
  readonly probabilities: Float32Array;
  /** Cross-entropy of each. */
  readonly losses: Float32Array;
  /** Variance of each image's features, which the bias loss weighs by. */
  readonly variances: Float32Array;
}

/** Collects {@link Outcomes} batch by batch. */
export class OutcomeCollector {
  private readonly outcomes;
  private done = 0;
  /** Images with a logit that is NaN, or an infinite highest one. */
  private broken = 0;

  constructor(classes: readonly string[], count: number) {
    this.outcomes = {
      classes,
      count,
      labels: new Int32Array(count),
      predicted: new Int32Array(count),
      probabilities: new Float32Array(count * classes.length),
      losses: new Float32Array(count),
      variances: new Float32Array(count),
    };
  }

  /**
   * Adds the first `count` rows of a batch.
   *
   * @param batch logits [N, classes], labels and variances [N]
   */
  add(batch: {
    readonly logits: Float32Array;
    readonly variances: Float32Array;
    readonly labels: Int32Array;
    readonly count: number;
  }): void {
    const { labels, predicted, losses, variances, probabilities, classes } = this.outcomes;
    const size = classes.length;
    for (let n = 0; n < batch.count; n++, this.done++) {
      const row = batch.logits.subarray(n * size, (n + 1) * size);
      const label = batch.labels[n]!;
      const { shares, highest, logSum } = softmax(row);
      if (!Number.isFinite(logSum)) this.broken++;
      probabilities.set(shares, this.done * size);
      labels[this.done] = label;
      predicted[this.done] = highest;
      losses[this.done] = logSum - row[label]!;
      variances[this.done] = batch.variances[n]!;
    }
  }

  /**
   * What was added, once it is all images.
   *
   * @throws UserError when an image has a logit that is NaN, or an infinite highest one: it has no most probable class
   */
  result(): Outcomes {
    const { count } = this.outcomes;
    if (this.done !== count) throw new Error(`${this.done} of ${count} images were added`);
    if (this.broken > 0)
      throw new UserError(
        `the model’s logits of ${this.broken} of ${count} images are not finite, so that their classes cannot be told`,
      );
    return this.outcomes;
  }
}

/** Results on several sets of images of the same classes, in their order. */
export function joinedOutcomes(parts: readonly Outcomes[]): Outcomes {
  const ints = (key: 'labels' | 'predicted'): Int32Array =>
    Int32Array.from(parts.flatMap((part) => [...part[key]]));
  const floats = (key: 'probabilities' | 'losses' | 'variances'): Float32Array =>
    Float32Array.from(parts.flatMap((part) => [...part[key]]));
  return {
    classes: parts[0]!.classes,
    count: parts.reduce((sum, { count }) => sum + count, 0),
    labels: ints('labels'),
    predicted: ints('predicted'),
    probabilities: floats('probabilities'),
    losses: floats('losses'),
    variances: floats('variances'),
  };
}

function softmax(row: Float32Array): { shares: Float32Array; highest: number; logSum: number } {
  let highest = 0;
  for (let k = 1; k < row.length; k++) if (row[k]! > row[highest]!) highest = k;
  let sum = 0;
  for (const logit of row) sum += Math.exp(logit - row[highest]!);
  const logSum = row[highest]! + Math.log(sum);
  return { shares: row.map((logit) => Math.exp(logit - logSum)), highest, logSum };
}

/** Probability that the model gives a class of an image. */
export function probabilityOf({ probabilities, classes }: Outcomes, image: number, label: number): number {
  return probabilities[image * classes.length + label]!;
}
