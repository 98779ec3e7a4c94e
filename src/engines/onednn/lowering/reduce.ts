import type { PoolGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sameShape, sizeOf } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
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
function scaled(planner: Planner, src: Place, factor: number): Place {
  const dst = planner.allocate(src.desc);
  const spec: EltwiseSpec = {
    kind: 'eltwise',
    pass: 'forward',
    fn: 'linear',
    alpha: factor,
    beta: 0,
    data: src.desc,
  };
  planner.execute(spec, planner.prepare(spec), { [ARG.src]: src }, { [ARG.dst]: dst });
  return dst;
}

/** [N,C,H,W] → [N,C,1,1] or [N,C]. */
function reduceImages(planner: Planner, fn: 'mean' | 'sum', x: ValueId, y: ValueId): void {
  const shape = planner.shapeOf(x);
  const mean = pool(planner, x, wholeImage(shape));
  const result = fn === 'mean' ? mean : scaled(planner, mean, shape[2]! * shape[3]!);
  planner.define(y, result);
}

/** Unbiased variance of each row of [N,K]: by layer normalisation, whose normalised rows nobody wants. */
function rowVariance(planner: Planner, data: Place, y: ValueId): void {
  const [rows, columns] = data.desc.shape as [number, number];
  const statistics = planner.rowMajor([rows]);
  const spec: LayerNormSpec = { kind: 'layerNorm', data: data.desc, statistics, epsilon: 1 };
  const variance = planner.allocate(statistics);
  planner.execute(
    spec,
    planner.prepare(spec),
    { [ARG.src]: data },
    {
      [ARG.dst]: planner.allocate(data.desc),
      [ARG.mean]: planner.allocate(statistics),
      [ARG.variance]: variance,
    },
  );
  const unbiased = scaled(planner, variance, columns / Math.max(1, columns - 1));
  planner.define(y, { ...unbiased, desc: planner.rowMajor(planner.shapeOf(y)) });
}

/**
 * Reductions: the mean of each image is pooling, its gradient that of pooling; the variance of rows is a
 * part of normalising them; small tensors are reduced by the host.
 */
export const reduceLowerings: Lowerings<'reduce' | 'broadcastTo'> = {
  reduce: (planner, node) => {
    const { fn, axes } = node.attributes;
    const shape = planner.shapeOf(node.inputs[0]!);
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const images = shape.length === 4 && [...axes].sort().join() === '2,3';
    if ((fn === 'mean' || fn === 'sum') && images) reduceImages(planner, fn, x, y);
    else if (sizeOf(shape) < SMALL || sizeOf(planner.shapeOf(y)) === sizeOf(shape)) onHost(planner, node);
    else if (fn === 'variance') rowVariance(planner, reducedRows(planner, x, axes), y);
    else reduceLarge(planner, fn, { x, y, axes });
  },
  broadcastTo: (planner, node) => {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const from = planner.shapeOf(x);
    const { shape } = node.attributes;
    const perChannel = shape.length === 4 && sameShape(from, [shape[0]!, shape[1]!, 1, 1]);
    if (perChannel) {
      const dy = scaled(planner, planner.plain(x), shape[2]! * shape[3]!);
      poolGradient(planner, dy, y, wholeImage(shape));
    } else if (sizeOf(shape) < SMALL) onHost(planner, node);
    else {
      const { dtype } = planner.typeOf(y);
      const dst = planner.output(y, planner.rowMajor(shape, dtype));
      expand(planner, planner.plain(x), { from, to: shape }, dst);
    }
  },
};
