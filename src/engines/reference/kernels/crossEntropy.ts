import { GraphError } from '../../../graph/tensorType.js';
import { type Dense, type Floats, floats, type Kernels } from '../kernel.js';

/** Label of an image; rejects one that is not a class number. */
export function labelAt(labels: Pick<Dense, 'data'>, point: number, classes: number): number {
  const label = labels.data[point]!;
  if (!(label >= 0 && label < classes)) {
    throw new GraphError(
      `softmaxCrossEntropy: label ${label} of image ${point} is not in 0 … ${classes - 1}`,
    );
  }
  return label;
}

/** log Σ eˣ of a row. */
export function logSumOf(row: Floats): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const x of row) most = Math.max(most, x);
  let total = 0;
  for (const x of row) total += Math.exp(x - most);
  return most + Math.log(total);
}

/** Softmax cross-entropy of each image with smoothed targets q; the formulas are in the graph's rules. */
export const crossEntropyKernels: Kernels<'softmaxCrossEntropy' | 'softmaxCrossEntropyGrad'> = {
  softmaxCrossEntropy: ({ labelSmoothing }, [logits, labels], [loss, probabilities]) => {
    const [xs, ps, losses] = [floats(logits), floats(probabilities), floats(loss)];
    const classes = logits!.shape[1]!;
    for (let point = 0; point < losses.length; point++) {
      const start = point * classes;
      const row = xs.subarray(start, start + classes);
      const logTotal = logSumOf(row);
      let smoothed = 0;
      row.forEach((x, k) => {
        ps[start + k] = Math.exp(x - logTotal);
        smoothed += logTotal - x;
      });
      const own = logTotal - row[labelAt(labels!, point, classes)]!;
      // A logit of −∞ masks a class: its difference is ∞, and times a share of 0 it would be NaN.
      const others = labelSmoothing > 0 ? (labelSmoothing / classes) * smoothed : 0;
      losses[point] = (1 - labelSmoothing) * own + others;
    }
  },
  softmaxCrossEntropyGrad: ({ labelSmoothing }, [dloss, probabilities, labels], [dlogits]) => {
    const [dlosses, ps, dxs] = [floats(dloss), floats(probabilities), floats(dlogits)];
    const classes = probabilities!.shape[1]!;
    for (let point = 0; point < dlosses.length; point++) {
      const start = point * classes;
      const label = labelAt(labels!, point, classes);
      for (let k = 0; k < classes; k++) {
        const target = labelSmoothing / classes + (k === label ? 1 - labelSmoothing : 0);
        dxs[start + k] = dlosses[point]! * (ps[start + k]! - target);
      }
    }
  },
};
