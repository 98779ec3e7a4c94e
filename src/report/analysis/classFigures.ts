import type { Outcomes } from './outcomes.js';

/** How well a class is recognised; shares from 0 to 1, NaN where the divisor is 0. */
export interface ClassFigures {
  readonly name: string;
  /** Images of the class, and images predicted as it. */
  readonly images: number;
  readonly predicted: number;
  /** Precision: the share of the images predicted as it that are of it. */
  readonly precision: number;
  /** Recall: the share of its images that were predicted as it. */
  readonly recall: number;
  /** F1: the harmonic mean of both; 0 where both are 0. */
  readonly f1: number;
}

/** Counts of images by class and prediction: [label][predicted]. */
export function confusionCounts({ classes, count, labels, predicted }: Outcomes): Uint32Array[] {
  const counts = classes.map(() => new Uint32Array(classes.length));
  for (let i = 0; i < count; i++) counts[labels[i]!]![predicted[i]!]!++;
  return counts;
}

/** Precision, recall and F1 of each class, in the classes' order. */
export function classFigures(classes: readonly string[], counts: readonly Uint32Array[]): ClassFigures[] {
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
  return classes.map((name, k) => {
    const right = counts[k]![k]!;
    const images = sum(counts[k]!);
    const predicted = sum(counts.map((row) => row[k]!));
    // 2PR/(P + R), written so that it is 0 and not 0/0 where nothing is right.
    const f1 = (2 * right) / (images + predicted);
    return { name, images, predicted, precision: right / predicted, recall: right / images, f1 };
  });
}

/** Mean over the classes for which a figure is defined. */
export function macroMean(figures: readonly ClassFigures[], of: 'precision' | 'recall' | 'f1'): number {
  const defined = figures.map((figure) => figure[of]).filter((value) => !Number.isNaN(value));
  return defined.reduce((total, value) => total + value, 0) / defined.length;
}
