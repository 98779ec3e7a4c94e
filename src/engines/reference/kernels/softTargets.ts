import { floats, type Kernels } from '../kernel.js';
import { labelAt, logSumOf } from './crossEntropy.js';

/** Cross-entropy with distributions as targets q; the formulas are in the graph's rules. */
export const softTargetKernels: Kernels<'softTargetCrossEntropy' | 'softTargetCrossEntropyGrad' | 'oneHot'> =
  {
    softTargetCrossEntropy: (_, [logits, targets], [loss, probabilities]) => {
      const [xs, qs, ps, losses] = [floats(logits), floats(targets), floats(probabilities), floats(loss)];
      const classes = logits!.shape[1]!;
      for (let point = 0; point < losses.length; point++) {
        const start = point * classes;
        const row = xs.subarray(start, start + classes);
        const logTotal = logSumOf(row);
        let value = 0;
        row.forEach((x, k) => {
          ps[start + k] = Math.exp(x - logTotal);
          value += qs[start + k]! * (logTotal - x);
        });
        losses[point] = value;
      }
    },
    softTargetCrossEntropyGrad: (_, [dloss, probabilities, targets], [dlogits]) => {
      const [dlosses, ps, qs, dxs] = [floats(dloss), floats(probabilities), floats(targets), floats(dlogits)];
      const classes = probabilities!.shape[1]!;
      for (let point = 0; point < dlosses.length; point++) {
        const start = point * classes;
        let total = 0;
        for (let k = 0; k < classes; k++) total += qs[start + k]!;
        for (let k = start; k < start + classes; k++) dxs[k] = dlosses[point]! * (ps[k]! * total - qs[k]!);
      }
    },
    oneHot: ({ classes }, [labels], [result]) => {
      const values = floats(result);
      values.fill(0);
      for (let point = 0; point * classes < values.length; point++)
        values[point * classes + labelAt(labels!, point, classes)] = 1;
    },
  };
