import type { OnnxModelBuilder } from '../../../formats/onnx/modelBuilder.js';
import type { Reduction } from '../../../graph/op.js';
import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import { type LoweringInput, type Lowerings, reshaped } from './context.js';

const reductions: { readonly [F in Exclude<Reduction, 'variance'>]: string } = {
  sum: 'ReduceSum',
  mean: 'ReduceMean',
  min: 'ReduceMin',
  max: 'ReduceMax',
};

/** Whether the reduced axes are the last ones. */
function trailing(axes: readonly number[], shape: Shape): boolean {
  return Math.min(...axes) === shape.length - axes.length;
}

/** Mean of groups of `count` neighbours in two steps, whose rounding errors grow with √count instead of count. */
function meanInTwo(model: OnnxModelBuilder, x: string, output: Shape, count: number): string {
  let inner = Math.ceil(Math.sqrt(count));
  while (count % inner !== 0) inner++;
  const grouped = reshaped(model, x, [sizeOf(output), count / inner, inner]);
  const means = model.node('ReduceMean', [grouped, model.ints([2])], { keepdims: 0 });
  return reshaped(model, model.node('ReduceMean', [means, model.ints([1])], { keepdims: 0 }), output);
}

function lowerReduce({
  model,
  attributes,
  inputs,
  inputTypes,
  outputTypes,
}: LoweringInput<'reduce'>): string[] {
  const { fn, axes, keepDims } = attributes;
  if (axes.length === 0)
    return [fn === 'variance' ? model.node('Sub', [inputs[0]!, inputs[0]!]) : inputs[0]!];
  const at = model.ints(axes);
  const keepdims = keepDims ? 1 : 0;
  if (fn !== 'variance') return [model.node(reductions[fn], [inputs[0]!, at], { keepdims })];
  const count = sizeOf(inputTypes[0]!.shape) / sizeOf(outputTypes[0]!.shape);
  const mean = model.node('ReduceMean', [inputs[0]!, at], { keepdims: 1 });
  const deviation = model.node('Sub', [inputs[0]!, mean]);
  const squares = model.node('Mul', [deviation, deviation]);
  const biased = trailing(axes, inputTypes[0]!.shape)
    ? meanInTwo(model, squares, outputTypes[0]!.shape, count)
    : model.node('ReduceMean', [squares, at], { keepdims });
  return [model.node('Mul', [biased, model.scalar(count / Math.max(count - 1, 1))])];
}

/** Lowerings of reductions. */
export const reduceLowerings: Lowerings<'reduce' | 'broadcastTo'> = {
  reduce: lowerReduce,
  broadcastTo: ({ model, attributes, inputs }) => [
    model.node('Expand', [inputs[0]!, model.ints(attributes.shape)]),
  ],
};
