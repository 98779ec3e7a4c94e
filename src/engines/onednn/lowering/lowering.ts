import type { ComputedKind } from '../../reference/kernel.js';
import { runKernel } from '../../reference/kernels/table.js';
import type { Place } from '../plan/place.js';
import type { PlanKind, PlanNode } from '../plan/planNode.js';
import type { Planner } from '../plan/planner.js';

/** Adds the steps of a node to a plan. */
export type Lowering<K extends PlanKind> = (planner: Planner, node: PlanNode<K>) => void;

/** Lowerings of some operations. */
export type Lowerings<K extends PlanKind> = { readonly [P in K]: Lowering<P> };

/** Tensors of fewer elements than this are computed by loops on the host, sooner than a primitive starts. */
export const SMALL = 2048;

/** Computes a node with the reference engine's kernel, on row-major tensors: for what is small or rare. */
export function onHost<K extends ComputedKind>(planner: Planner, node: PlanNode<K>): void {
  const { kind, attributes } = node;
  const shapes = (values: readonly number[]): (readonly number[])[] =>
    values.map((value) => planner.shapeOf(value));
  const [inShapes, outShapes] = [shapes(node.inputs), shapes(node.outputs)];
  const inputs = node.inputs.map((value) => planner.plain(value));
  const outputs = node.outputs.map((value): Place => {
    const { shape, dtype } = planner.typeOf(value);
    return planner.output(value, planner.rowMajor(shape, dtype));
  });
  planner.host(inputs, outputs, (read, written) =>
    runKernel(
      kind,
      attributes,
      read.map((data, i) => ({ shape: inShapes[i]!, data })),
      written.map((data, i) => ({ shape: outShapes[i]!, data })),
    ),
  );
}
