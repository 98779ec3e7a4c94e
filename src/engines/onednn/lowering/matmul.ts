import type { OpAttributes } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { ARG } from '../dnnl.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { MatmulSpec } from '../primitiveSpec.js';
import type { Lowerings } from './lowering.js';

/** A row-major matrix, read as its transpose if asked. */
function operand(planner: Planner, value: ValueId, transposed: boolean): Place {
  const place = planner.plain(value);
  if (!transposed) return place;
  const [rows, columns] = planner.shapeOf(value) as [number, number];
  const desc: MemoryDesc = planner.dnnl.strided([columns, rows], 'f32', [1, columns]);
  return { ...place, desc };
}

/** Matrix products are few and small in a convnet: they stay f32. */
function lower(
  planner: Planner,
  { transposeA, transposeB }: OpAttributes['matmul'],
  inputs: readonly ValueId[],
  output: ValueId,
): void {
  const a = operand(planner, inputs[0]!, transposeA);
  const b = operand(planner, inputs[1]!, transposeB);
  const shape = planner.shapeOf(output);
  const bias = inputs[2] === undefined ? undefined : planner.plain(inputs[2]);
  const biasPlace = bias && { ...bias, desc: planner.rowMajor([1, shape[1]!]) };
  const spec: MatmulSpec = {
    kind: 'matmul',
    a: a.desc,
    b: b.desc,
    bias: biasPlace?.desc,
    dst: planner.rowMajor(shape),
  };
  const reads = {
    [ARG.src]: a,
    [ARG.weights]: b,
    ...(biasPlace ? { [ARG.bias]: biasPlace } : {}),
  };
  const primitive = planner.prepare(spec);
  planner.execute(spec, primitive, reads, { [ARG.dst]: planner.output(output, spec.dst) });
}

/** Matrix products, with a bias where one is added. */
export const matmulLowerings: Lowerings<'matmul' | 'matmulBias'> = {
  matmul: (planner, { attributes, inputs, outputs }) => lower(planner, attributes, inputs, outputs[0]!),
  matmulBias: (planner, { attributes, inputs, outputs }) => lower(planner, attributes, inputs, outputs[0]!),
};
