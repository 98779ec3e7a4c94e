import type { Pair, PoolGeometry } from '../../../graph/op.js';
import { windowOutput } from '../../../graph/ops/conv.js';
import type { ValueId } from '../../../graph/program.js';
import type { Shape } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { Place } from '../plan/place.js';
import type { Planner } from '../plan/planner.js';
import type { PoolingAlgorithm, PoolingSpec } from '../primitiveSpec.js';
import { type Lowerings, onHost } from './lowering.js';

type Pass = PoolingSpec['pass'];

function poolSpec(
  pass: Pass,
  fn: PoolingAlgorithm,
  { kernel, stride, padding }: PoolGeometry,
  { src, dst }: Pick<PoolingSpec, 'src' | 'dst'>,
): PoolingSpec {
  const window = { kernel, strides: stride, paddingBegin: padding, paddingEnd: padding };
  return { kind: 'pooling', pass, fn, src, dst, ...window };
}

/** Size of what pooling makes of an image. */
function pooledShape([n, c, ...size]: Shape, { kernel, stride, padding }: PoolGeometry): Shape {
  return [n!, c!, ...size.map((length, i) => windowOutput(length, kernel[i]!, stride[i]!, padding[i]!))];
}

/** Average pooling of a value into a new place. */
export function pool(planner: Planner, x: ValueId, geometry: PoolGeometry): Place {
  const src = planner.first(x);
  const dst = planner.dnnl.any(pooledShape(src.desc.shape, geometry), src.desc.type);
  const spec = poolSpec('inference', 'average', geometry, { src: src.desc, dst });
  const primitive = planner.prepare(spec);
  const output = planner.allocate(primitive.desc('dst')!);
  planner.execute(spec, primitive, { [ARG.src]: src }, { [ARG.dst]: output });
  return output;
}

/** Each element of `dy`, divided by the window's size, goes to its window: the gradient of {@link pool}. */
export function poolGradient(planner: Planner, dy: Place, dx: ValueId, geometry: PoolGeometry): void {
  const src = planner.images(planner.shapeOf(dx));
  const { dnnl } = planner;
  const hint = planner.prepare(
    poolSpec('training', 'average', geometry, { src, dst: dnnl.any(dy.desc.shape, src.type) }),
  );
  const dst = hint.desc('dst')!;
  const diff = dy.desc.key === dst.key ? dy : planner.allocate(dst);
  if (diff !== dy) planner.reorder(dy, diff);
  const spec: PoolingSpec = { ...poolSpec('gradient', 'average', geometry, { src, dst }), forward: hint };
  const output = planner.output(dx, src);
  planner.execute(spec, planner.prepare(spec), { [ARG.diffDst]: diff }, { [ARG.diffSrc]: output });
}

/** The greatest of each window; with a gradient to come, where it was found is kept. */
function maxPool(planner: Planner, geometry: PoolGeometry, x: ValueId, y: ValueId): void {
  const isTraining = planner.usage.usersOf(y).some(({ kind }) => kind === 'maxPool2dGrad');
  const src = planner.as(x, planner.images(planner.shapeOf(x)));
  const dst = planner.images(planner.shapeOf(y));
  const pass = isTraining ? 'training' : 'inference';
  const spec = poolSpec(pass, 'maximum', geometry, { src: src.desc, dst });
  const primitive = planner.prepare(spec);
  const workspace = primitive.desc('workspace');
  const kept = workspace && planner.allocate(workspace);
  if (kept) planner.keepWorkspace(y, kept);
  planner.execute(
    spec,
    primitive,
    { [ARG.src]: src },
    { [ARG.dst]: planner.output(y, dst), ...(kept && { [ARG.workspace]: kept }) },
  );
}

/** The gradient of {@link maxPool}, whose places come from the forward pass or from a second one. */
function maxPoolGradient(
  planner: Planner,
  geometry: PoolGeometry,
  inputs: readonly ValueId[],
  dx: ValueId,
): void {
  const [dy, x, y] = inputs as [ValueId, ValueId, ValueId];
  const [src, dst] = [planner.images(planner.shapeOf(x)), planner.images(planner.shapeOf(y))];
  const forward = poolSpec('training', 'maximum', geometry, { src, dst });
  const hint = planner.prepare(forward);
  let workspace = planner.workspaceOf(y);
  if (!workspace) {
    workspace = planner.allocate(hint.desc('workspace')!);
    const again = { [ARG.dst]: planner.allocate(dst), [ARG.workspace]: workspace };
    planner.execute(forward, hint, { [ARG.src]: planner.as(x, src) }, again);
  }
  const spec: PoolingSpec = { ...poolSpec('gradient', 'maximum', geometry, { src, dst }), forward: hint };
  planner.execute(
    spec,
    planner.prepare(spec),
    { [ARG.diffDst]: planner.as(dy, dst), [ARG.workspace]: workspace },
    { [ARG.diffSrc]: planner.output(dx, src) },
  );
}

/** The window of adaptive pooling, where all windows are of one size and do not overlap. */
function evenWindow(shape: Shape, outputSize: Pair): PoolGeometry | undefined {
  const [height, width] = [shape[2]! / outputSize[0], shape[3]! / outputSize[1]];
  if (!Number.isInteger(height) || !Number.isInteger(width)) return undefined;
  return { kernel: [height, width], stride: [height, width], padding: [0, 0] };
}

/** Pooling; adaptive pooling with windows of several sizes is computed on the host. */
export const poolLowerings: Lowerings<
  | 'avgPool2d'
  | 'avgPool2dGrad'
  | 'maxPool2d'
  | 'maxPool2dGrad'
  | 'adaptiveAvgPool2d'
  | 'adaptiveAvgPool2dGrad'
> = {
  avgPool2d: (planner, { attributes, inputs, outputs }) => {
    planner.define(outputs[0]!, pool(planner, inputs[0]!, attributes));
  },
  avgPool2dGrad: (planner, { attributes, inputs, outputs }) =>
    poolGradient(planner, planner.first(inputs[0]!), outputs[0]!, attributes),
  maxPool2d: (planner, { attributes, inputs, outputs }) =>
    maxPool(planner, attributes, inputs[0]!, outputs[0]!),
  maxPool2dGrad: (planner, { attributes, inputs, outputs }) =>
    maxPoolGradient(planner, attributes, inputs, outputs[0]!),
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
