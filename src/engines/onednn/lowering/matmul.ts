import type { OpAttributes } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { ARG } from '../dnnl.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { MatmulSpec } from '../primitiveSpec.js';
import type { Lowerings } from './lowering.js';

/** A row-major matrix, read as its transpose if asked. */
function operand(draft: Draft, value: ValueId, transposed: boolean): Place {
  const place = draft.places.plain(value);
  if (!transposed) return place;
  const [rows, columns] = draft.shapeOf(value) as [number, number];
  const desc: MemoryDesc = draft.dnnl.strided([columns, rows], 'f32', [1, columns]);
  return { ...place, desc };
}

/** Matrix products are few and small in a convnet: they stay f32. */
function lower(
  draft: Draft,
  { transposeA, transposeB }: OpAttributes['matmul'],
  inputs: readonly ValueId[],
  output: ValueId,
): void {
  const a = operand(draft, inputs[0]!, transposeA);
  const b = operand(draft, inputs[1]!, transposeB);
  const shape = draft.shapeOf(output);
  const bias = inputs[2] === undefined ? undefined : draft.places.plain(inputs[2]);
  const biasPlace = bias && { ...bias, desc: draft.layouts.rowMajor([1, shape[1]!]) };
  const spec: MatmulSpec = {
    kind: 'matmul',
    a: a.desc,
    b: b.desc,
    bias: biasPlace?.desc,
    dst: draft.layouts.rowMajor(shape),
  };
  const reads = {
    [ARG.src]: a,
    [ARG.weights]: b,
    ...(biasPlace ? { [ARG.bias]: biasPlace } : {}),
  };
  const primitive = draft.steps.prepare(spec);
  draft.steps.primitive({
    spec,
    primitive,
    reads,
    writes: { [ARG.dst]: draft.places.output(output, spec.dst) },
  });
}

/** Matrix products, with a bias where one is added. */
export const matmulLowerings: Lowerings<'matmul' | 'matmulBias'> = {
  matmul: (draft, { attributes, inputs, outputs }) => lower(draft, attributes, inputs, outputs[0]!),
  matmulBias: (draft, { attributes, inputs, outputs }) => lower(draft, attributes, inputs, outputs[0]!),
};
