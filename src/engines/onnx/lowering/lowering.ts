import type { OpAttributes, OpKind } from '../../../graph/op.js';
import type { TensorType } from '../../../graph/tensorType.js';
import type { GraphBuilder, Name } from './graphBuilder.js';

/** A value of the program in the ONNX graph, in the layout that the program gives it. */
export interface Value extends TensorType {
  readonly name: Name;
}

/** Adds the nodes of an operation and names its outputs, whose types are `outputs`. */
export type Lowering<K extends OpKind> = (
  attributes: OpAttributes[K],
  inputs: readonly Value[],
  builder: GraphBuilder,
  outputs: readonly TensorType[],
) => readonly Name[];

/** Lowerings of some operations. */
export type Lowerings<K extends OpKind> = { readonly [P in K]: Lowering<P> };

/** A shape of four axes. */
export function dimensions4(type: TensorType | undefined): readonly [number, number, number, number] {
  return type!.shape as readonly [number, number, number, number];
}
