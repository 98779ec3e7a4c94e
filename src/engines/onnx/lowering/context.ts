import type { OnnxModelBuilder } from '../../../formats/onnx/modelBuilder.js';
import type { OpAttributes, OpKind } from '../../../graph/op.js';
import type { ProgramNode } from '../../../graph/program.js';
import type { Shape, TensorType } from '../../../graph/tensorType.js';

/** What the lowering of a node sees: names and types of its inputs and outputs in the ONNX model. */
export interface LoweringInput<K extends OpKind> {
  readonly model: OnnxModelBuilder;
  readonly node: ProgramNode<K>;
  readonly attributes: OpAttributes[K];
  /** Names of the inputs' values. */
  readonly inputs: readonly string[];
  readonly inputTypes: readonly TensorType[];
  readonly outputTypes: readonly TensorType[];
}

/** Adds a node's computation to the model and returns the names of its outputs. */
export type Lowering<K extends OpKind> = (input: LoweringInput<K>) => string[];

/** Lowerings of some operations. */
export type Lowerings<K extends OpKind> = { readonly [P in K]: Lowering<P> };

/** `value` reshaped. */
export function reshaped(model: OnnxModelBuilder, value: string, shape: Shape): string {
  return model.node('Reshape', [value, model.ints(shape)]);
}

/** `value` with its axes reordered. */
export function transposed(model: OnnxModelBuilder, value: string, permutation: readonly number[]): string {
  return model.node('Transpose', [value], { perm: permutation });
}

/** The part of `value` from `starts` to `ends` (exclusive) along `axes`, every `steps`-th. */
export function sliced(
  model: OnnxModelBuilder,
  value: string,
  range: {
    axes: readonly number[];
    starts: readonly number[];
    ends: readonly number[];
    steps?: readonly number[];
  },
): string {
  const { axes, starts, ends, steps } = range;
  const inputs = [value, model.ints(starts), model.ints(ends), model.ints(axes)];
  return model.node('Slice', steps ? [...inputs, model.ints(steps)] : inputs);
}

/** `value` [C] as [C, 1, 1], which broadcasts over [N, C, H, W]. */
export function perChannel(model: OnnxModelBuilder, value: string, channels: number): string {
  return reshaped(model, value, [channels, 1, 1]);
}
