import type { PoolGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import { type Shape, sameShape } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { EltwiseSpec, LayerNormSpec } from '../primitiveSpec.js';
import { type Lowerings, onHost } from './lowering.js';
import { pool, poolGradient } from './pooling.js';

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
function rowVariance(planner: Planner, x: ValueId, y: ValueId): void {
  const data = planner.plain(x);
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
  planner.define(y, scaled(planner, variance, columns / Math.max(1, columns - 1)));
}

/**
 * Reductions: the mean of each image is pooling, its gradient that of pooling; the variance of rows is a
 * part of normalising them; all others run on the host.
 */
export const reduceLowerings: Lowerings<'reduce' | 'broadcastTo'> = {
  reduce: (planner, node) => {
    const { fn, axes } = node.attributes;
    const shape = planner.shapeOf(node.inputs[0]!);
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const images = shape.length === 4 && [...axes].sort().join() === '2,3';
    if ((fn === 'mean' || fn === 'sum') && images) reduceImages(planner, fn, x, y);
    else if (fn === 'variance' && shape.length === 2 && axes.join() === '1') rowVariance(planner, x, y);
    else onHost(planner, node);
  },
  broadcastTo: (planner, node) => {
    const from = planner.shapeOf(node.inputs[0]!);
    const { shape } = node.attributes;
    const perChannel = shape.length === 4 && sameShape(from, [shape[0]!, shape[1]!, 1, 1]);
    if (!perChannel) {
      onHost(planner, node);
      return;
    }
    const dy = scaled(planner, planner.plain(node.inputs[0]!), shape[2]! * shape[3]!);
    poolGradient(planner, dy, node.outputs[0]!, wholeImage(shape));
  },
};
