import { type Outcomes, probabilityOf } from './outcomes.js';

/** Images to look at, by their numbers, the most notable first. */
export interface NotableImages {
  readonly lowestVariance: readonly number[];
  readonly highestVariance: readonly number[];
  readonly greatestLoss: readonly number[];
  /** Images whose label may be wrong; see {@link likelyLabelErrors}. */
  readonly labelErrors: readonly number[];
}

/** Up to `most` images of each kind. */
export function notableImages(outcomes: Outcomes, most: number): NotableImages {
  const { count, variances, losses } = outcomes;
  const images = Array.from({ length: count }, (_, i) => i);
  const byVariance = images.toSorted((a, b) => variances[a]! - variances[b]!);
  return {
    lowestVariance: byVariance.slice(0, most),
    highestVariance: byVariance.toReversed().slice(0, most),
    greatestLoss: images.toSorted((a, b) => losses[b]! - losses[a]!).slice(0, most),
    labelErrors: likelyLabelErrors(outcomes).slice(0, most),
  };
}

/**
 * Images whose label is likely wrong by confident learning (Northcutt, Jiang and Chuang, 2021): the model is as sure of
 * another class as it is on average of that class's own images, and surer than of the label. Those with the greatest
 * difference of the two probabilities come first.
 */
export function likelyLabelErrors(outcomes: Outcomes): number[] {
  const { count, labels, predicted } = outcomes;
  const thresholds = meanSelfConfidence(outcomes);
  const difference = (i: number): number =>
    probabilityOf(outcomes, i, predicted[i]!) - probabilityOf(outcomes, i, labels[i]!);
  return Array.from({ length: count }, (_, i) => i)
    .filter(
      (i) =>
        predicted[i] !== labels[i] && probabilityOf(outcomes, i, predicted[i]!) >= thresholds[predicted[i]!]!,
    )
    .sort((a, b) => difference(b) - difference(a));
}

/** Mean probability of each class over its own images; infinite for a class without images. */
function meanSelfConfidence(outcomes: Outcomes): number[] {
  const { classes, count, labels } = outcomes;
  const sums = classes.map(() => ({ images: 0, probability: 0 }));
  for (let i = 0; i < count; i++) {
    const sum = sums[labels[i]!]!;
    sum.images++;
    sum.probability += probabilityOf(outcomes, i, labels[i]!);
  }
  return sums.map(({ images, probability }) => (images === 0 ? Infinity : probability / images));
}
