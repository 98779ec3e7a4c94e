import type { EngineKind, EngineNode } from '../../fusion/node.js';
import type { LocalKind } from '../../fusion/sources.js';
import { runKernel } from '../../reference/kernels/table.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';

/** Adds the steps of a node to a plan. */
export type Lowering<K extends EngineKind> = (draft: Draft, node: EngineNode<K>) => void;

/** Lowerings of some operations. */
export type Lowerings<K extends EngineKind> = { readonly [P in K]: Lowering<P> };

/** Tensors of fewer elements than this are computed by loops on the host, which is faster than starting a primitive. */
export const SMALL = 2048;

/** Computes a node with the reference engine's kernel, on row-major tensors: for what is small or rare. */
export function onHost<K extends LocalKind>(draft: Draft, node: EngineNode<K>): void {
  const { kind, attributes } = node;
  const shapes = (values: readonly number[]): (readonly number[])[] =>
    values.map((value) => draft.shapeOf(value));
  const [inShapes, outShapes] = [shapes(node.inputs), shapes(node.outputs)];
  const inputs = node.inputs.map((value) => draft.places.plain(value));
  const outputs = node.outputs.map((value): Place => {
    const { shape, dtype } = draft.typeOf(value);
    return draft.places.output(value, draft.layouts.rowMajor(shape, dtype));
  });
  draft.steps.host({
    inputs,
    outputs,
    compute: (read, written) =>
      runKernel(
        kind,
        attributes,
        read.map((data, i) => ({ shape: inShapes[i]!, data })),
        written.map((data, i) => ({ shape: outShapes[i]!, data })),
      ),
  });
}
