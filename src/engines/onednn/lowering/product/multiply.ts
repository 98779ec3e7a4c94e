import { ARG } from '../../dnnl.js';
import type { Draft } from '../../plan/draft.js';
import type { Place } from '../../plan/place.js';
import type { MatmulSpec, PostOp } from '../../primitiveSpec.js';

interface Product {
  readonly a: Place;
  readonly b: Place;
  readonly dst: Place;
  /** Numbers to add to each row of the result. */
  readonly bias?: Place | undefined;
  readonly postOps?: readonly PostOp[];
}

/** dst = a·b, where the library may lay out b as it likes. */
export function multiply(draft: Draft, { a, b, dst, bias, postOps = [] }: Product, packs: boolean): void {
  const { shape, type } = b.desc;
  const spec: MatmulSpec = {
    kind: 'matmul',
    a: a.desc,
    b: packs ? draft.dnnl.any(shape, type) : b.desc,
    bias: bias?.desc,
    dst: dst.desc,
    postOps,
  };
  const primitive = draft.steps.prepare(spec);
  const wanted = packs ? primitive.desc('weights')! : b.desc;
  let packed = b;
  if (wanted.key !== b.desc.key) {
    packed = draft.buffers.allocate(wanted);
    draft.steps.reorder(b, packed);
  }
  const reads = { [ARG.src]: a, [ARG.weights]: packed, ...(bias && { [ARG.bias]: bias }) };
  draft.steps.primitive({ spec, primitive, reads, writes: { [ARG.dst]: dst } });
}
