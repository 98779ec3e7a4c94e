import type { OpAttributes } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Expression, elementwise, fromStored, moved } from '../codegen/expression.js';
import type { Stored } from '../codegen/stored.js';
import type { Draft } from '../plan/draft.js';
import { bytesMoved, describeTensors } from '../plan/traffic.js';
import type { Lowerings } from './lowering.js';

/** Elements that a library's matrices are aligned to: 16 bytes of bf16. */
const ALIGNMENT = 8;

/** Whether a library can read a matrix: aligned, and dense along one axis. */
function isMatrix({ shape, strides, offset }: Stored): boolean {
  if (offset % ALIGNMENT !== 0) return false;
  return (strides[1] === 1 && strides[0]! >= shape[1]!) || (strides[0] === 1 && strides[1]! >= shape[0]!);
}

function operand(draft: Draft, value: ValueId, isTransposed: boolean): Stored {
  const stored = draft.storedAs(value, draft.arithmetic === 'bf16' ? 'bf16' : 'f32', isMatrix);
  const [rows, columns] = stored.shape as readonly [number, number];
  const [down, across] = stored.strides as readonly [number, number];
  return isTransposed ? { ...stored, shape: [columns, rows], strides: [across, down] } : stored;
}

function product(
  draft: Draft,
  inputs: readonly ValueId[],
  { transposeA, transposeB }: OpAttributes['matmul'],
  shape: readonly number[],
): Stored {
  const a = operand(draft, inputs[0]!, transposeA);
  const b = operand(draft, inputs[1]!, transposeB);
  const c = draft.buffers.tensor(shape, 'f32');
  const prepared = draft.device.product({ a, b, c, arithmetic: draft.arithmetic });
  const workspace = draft.workspace(prepared.workspaceBytes);
  draft.add({
    kind: 'product',
    detail: describeTensors([a, b], [c]),
    flops: 2 * a.shape[0]! * a.shape[1]! * b.shape[1]!,
    bytes: bytesMoved([a, b, c]),
    reads: [a.buffer, b.buffer],
    writes: [c.buffer, ...(workspace ? [workspace] : [])],
    prepared,
    a,
    b,
    c,
    workspace,
  });
  return c;
}

/** Matrix products; results are f32. */
export const matmulLowerings: Lowerings<'matmul' | 'matmulBias'> = {
  matmul: (draft, { attributes, inputs, outputs }) =>
    draft.place(outputs[0]!, product(draft, inputs, attributes, draft.shapeOf(outputs[0]!))),
  matmulBias: (draft, { attributes, inputs, outputs }) => {
    const shape = draft.shapeOf(outputs[0]!);
    const bias: Expression = draft.expression(inputs[2]!);
    const sum = fromStored(product(draft, inputs, attributes, shape));
    const over = moved([bias], shape, (at, index) => bias.load(at, [index[1]!]));
    draft.define(
      outputs[0]!,
      elementwise(shape, [sum, over], (x, b) => `${x} + ${b}`),
    );
  },
};
