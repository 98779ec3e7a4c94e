import type { GraphBuilder, Name } from './graphBuilder.js';
import type { Lowerings, Value } from './lowering.js';

/** A vector as a column, [N, 1]. */
export function column(b: GraphBuilder, vector: Value): Name {
  return b.reshape(vector.name, [vector.shape[0]!, 1]);
}

/** Whether each class is the image's own, [N, K]. */
export function ownClass(b: GraphBuilder, labels: Value, classes: number): Name {
  const indices = b.once(`classes ${classes}`, () =>
    b.constant(
      Int32Array.from({ length: classes }, (_, k) => k),
      [1, classes],
    ),
  );
  return b.op('Equal', [column(b, labels), indices]);
}

/** Targets q = (1 − s)·onehot(label) + s/K, [N, K]. */
function targets(b: GraphBuilder, labels: Value, classes: number, smoothing: number): Name {
  const rest = smoothing / classes;
  return b.op('Where', [ownClass(b, labels, classes), b.scalar(1 - smoothing + rest), b.scalar(rest)]);
}

/** Logarithms of the softmax over classes, x − max − log Σ exp(x − max), [N, K]. */
export function logSoftmax(b: GraphBuilder, logits: Name): Name {
  if (b.features.logSoftmax) return b.op('LogSoftmax', [logits], { axis: 1 });
  const shifted = b.op('Sub', [logits, b.reduce('ReduceMax', logits, [1], true)]);
  const total = b.reduce('ReduceSum', b.op('Exp', [shifted]), [1], true);
  return b.op('Sub', [shifted, b.op('Log', [total])]);
}

/** Lowerings of the softmax cross-entropy; the formulas are in the graph's rules. */
export const crossEntropyLowerings: Lowerings<'softmaxCrossEntropy' | 'softmaxCrossEntropyGrad'> = {
  softmaxCrossEntropy: ({ labelSmoothing }, [logits, labels], b) => {
    const logProbabilities = logSoftmax(b, logits!.name);
    const picked = b.op('GatherElements', [logProbabilities, column(b, labels!)], { axis: 1 });
    const own = b.op('Mul', [picked, b.scalar(labelSmoothing - 1)]);
    const n = labels!.shape[0]!;
    const probabilities = b.op('Exp', [logProbabilities]);
    if (labelSmoothing === 0) return [b.reshape(own, [n]), probabilities];
    const all = b.reduce('ReduceSum', logProbabilities, [1], true);
    const share = b.scalar(labelSmoothing / logits!.shape[1]!);
    return [b.reshape(b.op('Sub', [own, b.op('Mul', [all, share])]), [n]), probabilities];
  },
  softmaxCrossEntropyGrad: ({ labelSmoothing }, [dloss, probabilities, labels], b) => {
    const q = targets(b, labels!, probabilities!.shape[1]!, labelSmoothing);
    return [b.op('Mul', [column(b, dloss!), b.op('Sub', [probabilities!.name, q])])];
  },
};
