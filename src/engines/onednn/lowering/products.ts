import { ARG } from '../dnnl.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { MatmulSpec } from '../primitiveSpec.js';

/** A row-major place read as a matrix. */
export function matrix(draft: Draft, place: Place, rows: number, columns: number): Place {
  return { ...place, desc: draft.layouts.rowMajor([rows, columns]) };
}

/** a · b of row-major places, batched over leading axes, into a new place. */
export function product(draft: Draft, a: Place, b: Place): Place {
  const shape = [...a.desc.shape.slice(0, -1), b.desc.shape.at(-1)!];
  const dst = draft.buffers.allocate(draft.layouts.rowMajor(shape));
  const spec: MatmulSpec = { kind: 'matmul', a: a.desc, b: b.desc, dst: dst.desc };
  draft.steps.primitive({ spec, reads: { [ARG.src]: a, [ARG.weights]: b }, writes: { [ARG.dst]: dst } });
  return dst;
}
