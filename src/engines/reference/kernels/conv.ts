import type { ConvGeometry } from '../../../graph/op.js';
import type { Shape } from '../../../graph/tensorType.js';
import { dimensions4, type Floats, floats, type Kernels } from '../kernel.js';

/** A kernel tap over an output row: y[y + i] meets w[w]·x[x + i·step] for i < count. */
type TapVisitor = (w: number, x: number, y: number, count: number, step: number) => void;

interface ConvShapes {
  readonly x: Shape;
  readonly weight: Shape;
  readonly y: Shape;
}

/** Output positions along one axis whose input ox·stride − padding + k lies inside: [first, past the last]. */
function validOutputs(
  k: number,
  size: number,
  outputs: number,
  stride: number,
  padding: number,
): [number, number] {
  const first = Math.max(0, Math.ceil((padding - k) / stride));
  const end = Math.min(outputs, Math.floor((size - 1 + padding - k) / stride) + 1);
  return [first, Math.max(first, end)];
}

/** A 1×1 convolution without stride or padding sees a picture as one row. */
function flattened(shapes: ConvShapes, { stride, padding }: ConvGeometry): ConvShapes {
  const [, , kh, kw] = dimensions4(shapes.weight);
  const pointwise = kh * kw * stride[0] * stride[1] === 1 && padding[0] + padding[1] === 0;
  if (!pointwise) return shapes;
  const row = (shape: Shape): Shape => [shape[0]!, shape[1]!, 1, shape[2]! * shape[3]!];
  return { x: row(shapes.x), weight: shapes.weight, y: row(shapes.y) };
}

/** Visits every tap of every output row: the sum that a convolution and both its gradients share. */
function forEachTap(given: ConvShapes, geometry: ConvGeometry, visit: TapVisitor): void {
  const shapes = flattened(given, geometry);
  const [n, outputs] = dimensions4(shapes.y);
  const [, channels, h, w] = dimensions4(shapes.x);
  const [, perGroup, kh, kw] = dimensions4(shapes.weight);
  const [, , oh, ow] = dimensions4(shapes.y);
  const outputsPerGroup = outputs / geometry.groups;
  for (let image = 0; image < n; image++) {
    for (let o = 0; o < outputs; o++) {
      const y = (image * outputs + o) * oh * ow;
      const firstChannel = Math.floor(o / outputsPerGroup) * perGroup;
      for (let c = 0; c < perGroup; c++) {
        const x = (image * channels + firstChannel + c) * h * w;
        forEachPlaneTap([h, w, oh, ow], [kh, kw], geometry, [(o * perGroup + c) * kh * kw, x, y], visit);
      }
    }
  }
}

/** The taps between one input plane and one output plane, which begin at the given offsets. */
function forEachPlaneTap(
  [h, w, oh, ow]: readonly [number, number, number, number],
  [kh, kw]: readonly [number, number],
  { stride, padding }: ConvGeometry,
  [weight, x, y]: readonly [number, number, number],
  visit: TapVisitor,
): void {
  for (let kx = 0; kx < kw; kx++) {
    const [ox, endX] = validOutputs(kx, w, ow, stride[1], padding[1]);
    if (ox === endX) continue;
    const column = ox * stride[1] - padding[1] + kx;
    for (let ky = 0; ky < kh; ky++) {
      const [firstY, endY] = validOutputs(ky, h, oh, stride[0], padding[0]);
      for (let oy = firstY; oy < endY; oy++) {
        const iy = oy * stride[0] - padding[0] + ky;
        visit(weight + ky * kw + kx, x + iy * w + column, y + oy * ow + ox, endX - ox, stride[1]);
      }
    }
  }
}

function addBias(y: Floats, bias: Floats, plane: number): void {
  for (let start = 0, channel = 0; start < y.length; start += plane, channel = (channel + 1) % bias.length)
    y.fill(bias[channel]!, start, start + plane);
}

/** Convolution: y = Σ w·x over taps and channels, and its gradients, which are the same sum solved for x and w. */
export const convKernels: Kernels<'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad'> = {
  conv2d: (geometry, [x, weight, bias], [y]) => {
    const [xs, ws, ys] = [floats(x), floats(weight), floats(y)];
    ys.fill(0);
    if (bias) addBias(ys, floats(bias), y!.shape[2]! * y!.shape[3]!);
    const shapes = { x: x!.shape, weight: weight!.shape, y: y!.shape };
    forEachTap(shapes, geometry, (wAt, xAt, yAt, count, step) => {
      const tap = ws[wAt]!;
      for (let i = 0; i < count; i++) ys[yAt + i]! += tap * xs[xAt + i * step]!;
    });
  },
  conv2dInputGrad: (geometry, [dy, weight], [dx]) => {
    const [dys, ws, dxs] = [floats(dy), floats(weight), floats(dx)];
    dxs.fill(0);
    const shapes = { x: dx!.shape, weight: weight!.shape, y: dy!.shape };
    forEachTap(shapes, geometry, (wAt, xAt, yAt, count, step) => {
      const tap = ws[wAt]!;
      for (let i = 0; i < count; i++) dxs[xAt + i * step]! += tap * dys[yAt + i]!;
    });
  },
  conv2dWeightGrad: (geometry, [dy, x], [dw]) => {
    const [dys, xs, dws] = [floats(dy), floats(x), floats(dw)];
    dws.fill(0);
    const shapes = { x: x!.shape, weight: dw!.shape, y: dy!.shape };
    forEachTap(shapes, geometry, (wAt, xAt, yAt, count, step) => {
      let total = 0;
      for (let i = 0; i < count; i++) total += dys[yAt + i]! * xs[xAt + i * step]!;
      dws[wAt]! += total;
    });
  },
};
