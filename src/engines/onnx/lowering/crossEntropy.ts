import { DataType, type OnnxModelBuilder } from '../../../formats/onnx/modelBuilder.js';
import { type Lowerings, reshaped } from './context.js';

/** Targets [N, K]: (1 − s)·onehot(label) + s/K. */
function targets(
  model: OnnxModelBuilder,
  labels: string,
  [n, k]: readonly number[],
  smoothing: number,
): string {
  const classes = model.tensor(
    DataType.INT32,
    [1, k!],
    Int32Array.from({ length: k! }, (_, i) => i),
  );
  const hot = model.node('Equal', [reshaped(model, labels, [n!, 1]), classes]);
  const onehot = model.node('Cast', [hot], { to: DataType.FLOAT });
  if (smoothing === 0) return onehot;
  return model.node('Add', [
    model.node('Mul', [onehot, model.scalar(1 - smoothing)]),
    model.scalar(smoothing / k!),
  ]);
}

/** Lowerings of the cross-entropy. */
export const crossEntropyLowerings: Lowerings<'softmaxCrossEntropy' | 'softmaxCrossEntropyGrad'> = {
  softmaxCrossEntropy: ({ model, attributes, inputs, inputTypes }) => {
    const [logits, labels] = inputs as [string, string];
    const target = targets(model, labels, inputTypes[0]!.shape, attributes.labelSmoothing);
    const weighted = model.node('Mul', [target, model.node('LogSoftmax', [logits], { axis: 1 })]);
    const loss = model.node('Neg', [model.node('ReduceSum', [weighted, model.ints([1])], { keepdims: 0 })]);
    return [loss, model.node('Softmax', [logits], { axis: 1 })];
  },
  softmaxCrossEntropyGrad: ({ model, attributes, inputs, inputTypes }) => {
    const [dloss, probabilities, labels] = inputs as [string, string, string];
    const { shape } = inputTypes[1]!;
    const difference = model.node('Sub', [
      probabilities,
      targets(model, labels, shape, attributes.labelSmoothing),
    ]);
    return [model.node('Mul', [difference, reshaped(model, dloss, [shape[0]!, 1])])];
  },
};
