import type { PoolGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sameShape, sizeOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { EltwiseSpec, LayerNormSpec } from '../primitiveSpec.js';
import { expand } from './broadcast.js';
import { type Lowerings, onHost, SMALL } from './lowering.js';
import { pool, poolGradient } from './pooling.js';
import { reducedRows, reduceLarge } from './sums.js';

/** The window that covers a whole image. */
function wholeImage(shape: Shape): PoolGeometry {
  const size = [shape[2]!, shape[3]!] as const;
  return { kernel: size, stride: size, padding: [0, 0] };
}

/** A place's numbers, multiplied by a factor, in a new place. */
function scaled(draft: Draft, src: Place, factor: number): Place {
  const dst = draft.buffers.allocate(src.desc);
  const spec: EltwiseSpec = {
    kind: 'eltwise',
    pass: 'forward',
    fn: 'linear',
    alpha: factor,
    beta: 0,
    data: src.desc,
  };
  draft.steps.primitive({ spec, reads: { [ARG.src]: src }, writes: { [ARG.dst]: dst } });
  return dst;
}

/** [N,C,H,W] → [N,C,1,1] or [N,C]. */
function reduceImages(draft: Draft, fn: 'mean' | 'sum', x: ValueId, y: ValueId): void {
  const shape = draft.shapeOf(x);
  const mean = pool(draft, x, wholeImage(shape));
  const result = fn === 'mean' ? mean : scaled(draft, mean, shape[2]! * shape[3]!);
  draft.places.define(y, result);
}

/** Unbiased variance of each row of [N,K]: by layer normalisation, whose normalised rows are discarded. */
function rowVariance(draft: Draft, data: Place, y: ValueId): void {
  const [rows, columns] = data.desc.shape as [number, number];
  const statistics = draft.layouts.rowMajor([rows]);
  const spec: LayerNormSpec = { kind: 'layerNorm', data: data.desc, statistics, epsilon: 1 };
  const variance = draft.buffers.allocate(statistics);
  draft.steps.primitive({
    spec,
    reads: { [ARG.src]: data },
    writes: {
      [ARG.dst]: draft.buffers.allocate(data.desc),
      [ARG.mean]: draft.buffers.allocate(statistics),
      [ARG.variance]: variance,
    },
  });
  const unbiased = scaled(draft, variance, columns / Math.max(1, columns - 1));
  draft.places.define(y, { ...unbiased, desc: draft.layouts.rowMajor(draft.shapeOf(y)) });
}

/**
 * Reductions: the mean of each image is pooling, its gradient that of pooling; the variance of rows is a
 * part of normalising them; small tensors are reduced by the host.
 */
export const reduceLowerings: Lowerings<'reduce' | 'broadcastTo'> = {
  reduce: (draft, node) => {
    const { fn, axes } = node.attributes;
    const shape = draft.shapeOf(node.inputs[0]!);
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const images = shape.length === 4 && [...axes].sort().join() === '2,3';
    if ((fn === 'mean' || fn === 'sum') && images) reduceImages(draft, fn, x, y);
    else if (sizeOf(shape) < SMALL || sizeOf(draft.shapeOf(y)) === sizeOf(shape)) onHost(draft, node);
    else if (fn === 'variance') rowVariance(draft, reducedRows(draft, x, axes), y);
    else reduceLarge(draft, fn, { x, y, axes });
  },
  broadcastTo: (draft, node) => {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const from = draft.shapeOf(x);
    const { shape } = node.attributes;
    const perChannel = shape.length === 4 && sameShape(from, [shape[0]!, shape[1]!, 1, 1]);
    if (perChannel) {
      const dy = scaled(draft, draft.places.plain(x), shape[2]! * shape[3]!);
      poolGradient(draft, dy, y, wholeImage(shape));
    } else if (sizeOf(shape) < SMALL) onHost(draft, node);
    else {
      const { dtype } = draft.typeOf(y);
      const dst = draft.places.output(y, draft.layouts.rowMajor(shape, dtype));
      expand(draft, draft.places.plain(x), { from, to: shape }, dst);
    }
  },
};
