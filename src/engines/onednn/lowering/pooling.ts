import type { Pair, PoolGeometry } from '../../../graph/op.js';
import { windowOutput } from '../../../graph/ops/conv.js';
import type { ValueId } from '../../../graph/program.js';
import type { Shape } from '../../../graph/tensorType.js';
import { ARG } from '../dnnl.js';
import type { MemoryDesc } from '../memoryDesc.js';
import type { Draft } from '../plan/draft.js';
import type { Place } from '../plan/place.js';
import type { PoolingAlgorithm, PoolingSpec } from '../primitiveSpec.js';
import { type Lowerings, onHost } from './lowering.js';
import { fitsProduct, poolUnevenly, spreadUnevenly } from './unevenPooling.js';

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
export function pool(draft: Draft, x: ValueId, geometry: PoolGeometry): Place {
  const src = draft.places.first(x);
  const dst = draft.dnnl.any(pooledShape(src.desc.shape, geometry), src.desc.type);
  const spec = poolSpec('inference', 'average', geometry, { src: src.desc, dst });
  const primitive = draft.steps.prepare(spec);
  const output = draft.buffers.allocate(primitive.desc('dst')!);
  draft.steps.primitive({ spec, primitive, reads: { [ARG.src]: src }, writes: { [ARG.dst]: output } });
  return output;
}

/** Each element of `dy`, divided by the window's size, goes to its window: the gradient of {@link pool}. */
export function poolGradient(draft: Draft, dy: Place, dx: ValueId, geometry: PoolGeometry): void {
  const src = draft.layouts.images(draft.shapeOf(dx));
  const { dnnl } = draft;
  const hint = draft.steps.prepare(
    poolSpec('training', 'average', geometry, { src, dst: dnnl.any(dy.desc.shape, src.type) }),
  );
  const dst = hint.desc('dst')!;
  const diff = dy.desc.key === dst.key ? dy : draft.buffers.allocate(dst);
  if (diff !== dy) draft.steps.reorder(dy, diff);
  const spec: PoolingSpec = { ...poolSpec('gradient', 'average', geometry, { src, dst }), forward: hint };
  const output = draft.places.output(dx, src);
  draft.steps.primitive({ spec, reads: { [ARG.diffDst]: diff }, writes: { [ARG.diffSrc]: output } });
}

/** The layout of images that are pooled by their maximum: numbers that are f32 stay so, for rounding could exchange them. */
function exactImages(draft: Draft, x: ValueId): (shape: Shape) => MemoryDesc {
  const isRounded = draft.places.first(x).desc.type === draft.layouts.activation;
  return (shape) => (isRounded ? draft.layouts.images(shape) : draft.layouts.rowMajor(shape));
}

/** The greatest of each window; with a gradient to come, where it was found is kept. */
function maxPool(draft: Draft, geometry: PoolGeometry, x: ValueId, y: ValueId): void {
  const isTraining = draft.usage.usersOf(y).some(({ kind }) => kind === 'maxPool2dGrad');
  const layout = exactImages(draft, x);
  const src = draft.places.as(x, layout(draft.shapeOf(x)));
  const dst = layout(draft.shapeOf(y));
  const pass = isTraining ? 'training' : 'inference';
  const spec = poolSpec(pass, 'maximum', geometry, { src: src.desc, dst });
  const primitive = draft.steps.prepare(spec);
  const workspace = primitive.desc('workspace');
  const kept = workspace && draft.buffers.allocate(workspace);
  if (kept) draft.places.keepAside(y, kept);
  draft.steps.primitive({
    spec,
    primitive,
    reads: { [ARG.src]: src },
    writes: { [ARG.dst]: draft.places.output(y, dst), ...(kept && { [ARG.workspace]: kept }) },
  });
}

/** The gradient of {@link maxPool}, whose places come from the forward pass or from a second one. */
function maxPoolGradient(
  draft: Draft,
  geometry: PoolGeometry,
  inputs: readonly ValueId[],
  dx: ValueId,
): void {
  const [dy, x, y] = inputs as [ValueId, ValueId, ValueId];
  const layout = exactImages(draft, x);
  const [src, dst] = [layout(draft.shapeOf(x)), layout(draft.shapeOf(y))];
  const forward = poolSpec('training', 'maximum', geometry, { src, dst });
  const hint = draft.steps.prepare(forward);
  let workspace = draft.places.asideOf(y);
  if (!workspace) {
    workspace = draft.buffers.allocate(hint.desc('workspace')!);
    const again = { [ARG.dst]: draft.buffers.allocate(dst), [ARG.workspace]: workspace };
    draft.steps.primitive({
      spec: forward,
      primitive: hint,
      reads: { [ARG.src]: draft.places.as(x, src) },
      writes: again,
    });
  }
  const spec: PoolingSpec = { ...poolSpec('gradient', 'maximum', geometry, { src, dst }), forward: hint };
  draft.steps.primitive({
    spec,
    reads: { [ARG.diffDst]: draft.places.as(dy, dst), [ARG.workspace]: workspace },
    writes: { [ARG.diffSrc]: draft.places.output(dx, src) },
  });
}

/** The window of adaptive pooling, where all windows are of one size and do not overlap. */
function evenWindow(shape: Shape, outputSize: Pair): PoolGeometry | undefined {
  const [height, width] = [shape[2]! / outputSize[0], shape[3]! / outputSize[1]];
  if (!Number.isInteger(height) || !Number.isInteger(width)) return undefined;
  return { kernel: [height, width], stride: [height, width], padding: [0, 0] };
}

/** Pooling; adaptive pooling of huge images with windows of several sizes is computed on the host. */
export const poolLowerings: Lowerings<
  | 'avgPool2d'
  | 'avgPool2dGrad'
  | 'maxPool2d'
  | 'maxPool2dGrad'
  | 'adaptiveAvgPool2d'
  | 'adaptiveAvgPool2dGrad'
> = {
  avgPool2d: (draft, { attributes, inputs, outputs }) => {
    draft.places.define(outputs[0]!, pool(draft, inputs[0]!, attributes));
  },
  avgPool2dGrad: (draft, { attributes, inputs, outputs }) =>
    poolGradient(draft, draft.places.first(inputs[0]!), outputs[0]!, attributes),
  maxPool2d: (draft, { attributes, inputs, outputs }) => maxPool(draft, attributes, inputs[0]!, outputs[0]!),
  maxPool2dGrad: (draft, { attributes, inputs, outputs }) =>
    maxPoolGradient(draft, attributes, inputs, outputs[0]!),
  adaptiveAvgPool2d: (draft, node) => {
    const [x, y] = [node.inputs[0]!, node.outputs[0]!];
    const { outputSize } = node.attributes;
    const geometry = evenWindow(draft.shapeOf(x), outputSize);
    if (geometry) draft.places.define(y, pool(draft, x, geometry));
    else if (fitsProduct(draft.shapeOf(x), outputSize)) poolUnevenly(draft, x, y, outputSize);
    else onHost(draft, node);
  },
  adaptiveAvgPool2dGrad: (draft, node) => {
    const { inputShape, outputSize } = node.attributes;
    const geometry = evenWindow(inputShape, outputSize);
    const [dy, dx] = [node.inputs[0]!, node.outputs[0]!];
    if (geometry) poolGradient(draft, draft.places.first(dy), dx, geometry);
    else if (fitsProduct(inputShape, outputSize)) spreadUnevenly(draft, dy, dx, outputSize);
    else onHost(draft, node);
  },
};
