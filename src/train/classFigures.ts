import type { Confusion } from './confusion.js';

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

/** Precision, recall and F1 of each class, in the classes' order. */
export function classFigures({ classes, rows, unpredicted }: Confusion): ClassFigures[] {
  const predictions = new Float64Array(classes.length);
  for (const row of rows) for (const [k, count] of row.entries()) predictions[k]! += count;
  return classes.map((name, k) => {
    const right = rows[k]![k]!;
    const images = rows[k]!.reduce((total, count) => total + count, unpredicted[k]!);
    const predicted = predictions[k]!;
    // 2PR/(P + R), written so that it is 0 and not 0/0 where nothing is right.
    const f1 = (2 * right) / (images + predicted);
    return { name, images, predicted, precision: right / predicted, recall: right / images, f1 };
  });
}

/** Means over classes; shares from 0 to 1. */
export interface FigureMeans {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
}

/** Means of the classes' figures as scikit-learn defines them; NaN without images. */
export interface ClassAverages {
  /** Every class that occurs, in labels or in predictions, counts the same; a figure that is NaN counts as 0. */
  readonly macro: FigureMeans;
  /** Every image counts the same. */
  readonly weighted: FigureMeans;
  /** Mean recall of the classes that have images. */
  readonly balancedAccuracy: number;
}

/** Means of the classes' figures. */
export function classAverages(figures: readonly ClassFigures[]): ClassAverages {
  const labelled = figures.filter(({ images }) => images > 0);
  return {
    macro: meansOf(figures, ({ images, predicted }) => (images + predicted > 0 ? 1 : 0)),
    weighted: meansOf(figures, ({ images }) => images),
    balancedAccuracy: labelled.reduce((sum, { recall }) => sum + recall, 0) / labelled.length,
  };
}

function meansOf(figures: readonly ClassFigures[], weightOf: (figure: ClassFigures) => number): FigureMeans {
  const total = figures.reduce((sum, figure) => sum + weightOf(figure), 0);
  const mean = (of: keyof FigureMeans): number =>
    figures.reduce((sum, figure) => sum + weightOf(figure) * (figure[of] || 0), 0) / total;
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
}
