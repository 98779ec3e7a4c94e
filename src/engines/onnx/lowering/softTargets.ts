import { column, logSoftmax, ownClass } from './crossEntropy.js';
import type { Lowerings } from './lowering.js';

/** Lowerings of the cross-entropy with distributions as targets; the formulas are in the graph's rules. */
export const softTargetLowerings: Lowerings<
  'softTargetCrossEntropy' | 'softTargetCrossEntropyGrad' | 'oneHot'
> = {
  softTargetCrossEntropy: (_, [logits, targets], b) => {
    const logProbabilities = logSoftmax(b, logits!.name);
    const products = b.op('Mul', [targets!.name, logProbabilities]);
    const loss = b.op('Neg', [b.reduce('ReduceSum', products, [1])]);
    return [loss, b.op('Exp', [logProbabilities])];
  },
  softTargetCrossEntropyGrad: (_, [dloss, probabilities, targets], b) => {
    const totals = b.reduce('ReduceSum', targets!.name, [1], true);
    const expected = b.op('Mul', [probabilities!.name, totals]);
    return [b.op('Mul', [column(b, dloss!), b.op('Sub', [expected, targets!.name])])];
  },
  oneHot: ({ classes }, [labels], b) => [
    b.op('Where', [ownClass(b, labels!, classes), b.scalar(1), b.scalar(0)]),
  ],
};
