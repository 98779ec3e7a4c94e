import type { Pair, PoolGeometry } from '../../../graph/op.js';
import type { ValueId } from '../../../graph/program.js';
import type { Shape } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { PoolingSpec } from '../primitiveSpec.js';
import { type Lowerings, onHost } from './lowering.js';

function poolSpec(
  pass: PoolingSpec['pass'],
  { kernel, stride, padding }: PoolGeometry,
  src: PoolingSpec['src'],
  dst: PoolingSpec['dst'],
): PoolingSpec {
  return {
    kind: 'pooling',
    pass,
    src,
    dst,
    kernel,
    strides: stride,
    paddingBegin: padding,
    paddingEnd: padding,
  };
}

/** Average pooling of a value into a new place. */
export function pool(planner: Planner, x: ValueId, geometry: PoolGeometry): Place {
  const src = planner.first(x);
  const [n, c, ...size] = src.desc.shape as [number, number, number, number];
  const pooled = size.map(
    (length, i) =>
      Math.floor((length + 2 * geometry.padding[i]! - geometry.kernel[i]!) / geometry.stride[i]!) + 1,
  );
  const dst = planner.dnnl.any([n, c, ...pooled], src.desc.type);
  const spec = poolSpec('inference', geometry, src.desc, dst);
  const primitive = planner.prepare(spec);
  const output = planner.allocate(primitive.desc('dst')!);
  planner.execute(spec, primitive, { [ARG.src]: src }, { [ARG.dst]: output });
  return output;
}

/** Each element of `dy`, divided by the window's size, goes to its window: the gradient of {@link pool}. */
export function poolGradient(planner: Planner, dy: Place, dx: ValueId, geometry: PoolGeometry): void {
  const src = planner.images(planner.shapeOf(dx));
  const { dnnl } = planner;
  const hint = planner.prepare(poolSpec('training', geometry, src, dnnl.any(dy.desc.shape, src.type)));
  const dst = hint.desc('dst')!;
  const diff = dy.desc.key === dst.key ? dy : planner.allocate(dst);
  if (diff !== dy) planner.reorder(dy, diff);
  const spec: PoolingSpec = { ...poolSpec('gradient', geometry, src, dst), forward: hint };
  const output = planner.output(dx, src);
  planner.execute(spec, planner.prepare(spec), { [ARG.diffDst]: diff }, { [ARG.diffSrc]: output });
}

/** The window of adaptive pooling, where all windows are of one size and do not overlap. */
function evenWindow(shape: Shape, outputSize: Pair): PoolGeometry | undefined {
  const [height, width] = [shape[2]! / outputSize[0], shape[3]! / outputSize[1]];
  if (!Number.isInteger(height) || !Number.isInteger(width)) return undefined;
  return { kernel: [height, width], stride: [height, width], padding: [0, 0] };
}

/** Pooling; adaptive pooling with windows of several sizes is computed on the host. */
export const poolLowerings: Lowerings<
  'avgPool2d' | 'avgPool2dGrad' | 'adaptiveAvgPool2d' | 'adaptiveAvgPool2dGrad'
> = {
  avgPool2d: (planner, { attributes, inputs, outputs }) => {
    planner.define(outputs[0]!, pool(planner, inputs[0]!, attributes));
  },
  avgPool2dGrad: (planner, { attributes, inputs, outputs }) =>
    poolGradient(planner, planner.first(inputs[0]!), outputs[0]!, attributes),
  adaptiveAvgPool2d: (planner, node) => {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const geometry = evenWindow(planner.shapeOf(x), node.attributes.outputSize);
    if (geometry) planner.define(y, pool(planner, x, geometry));
    else onHost(planner, node);
  },
  adaptiveAvgPool2dGrad: (planner, node) => {
    const { inputShape, outputSize } = node.attributes;
    const geometry = evenWindow(inputShape, outputSize);
    if (geometry) poolGradient(planner, planner.first(node.inputs[0]!), node.outputs[0]!, geometry);
    else onHost(planner, node);
  },
};
