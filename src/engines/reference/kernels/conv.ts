import type { ConvGeometry } from '../../../graph/op.js';
import type { Shape } from '../../../graph/tensorType.js';
import { dimensions4, type Floats, floats, type Kernels } from '../kernel.js';

interface ConvShapes {
  readonly x: Shape;
  readonly weight: Shape;
  readonly y: Shape;
}

/**
 * What one input plane adds to one output plane: y[y + i] meets w[w]·x[x + i·step] for i < count, for
 * each kernel tap and output row. Places are relative to the planes' beginnings, four numbers a row:
 * w, x, y, count.
 */
interface Taps {
  readonly rows: Int32Array;
  readonly step: number;
}

/** Output positions along one axis whose input o·stride − padding + k lies inside: [first, past the last]; k in pixels. */
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

/** A 1×1 convolution without stride or padding sees an image as one row. */
function flattened(shapes: ConvShapes, { stride, padding }: ConvGeometry): ConvShapes {
  const [, , kh, kw] = dimensions4(shapes.weight);
  const pointwise = kh * kw * stride[0] * stride[1] === 1 && padding[0] + padding[1] === 0;
  if (!pointwise) return shapes;
  const row = (shape: Shape): Shape => [shape[0]!, shape[1]!, 1, shape[2]! * shape[3]!];
  return { x: row(shapes.x), weight: shapes.weight, y: row(shapes.y) };
}

function tapsOf(shapes: ConvShapes, { stride, padding, dilation }: ConvGeometry): Taps {
  const [, , h, w] = dimensions4(shapes.x);
  const [, , kh, kw] = dimensions4(shapes.weight);
  const [, , oh, ow] = dimensions4(shapes.y);
  const rows: number[] = [];
  for (let ky = 0; ky < kh; ky++) {
    const [firstY, endY] = validOutputs(ky * dilation[0], h, oh, stride[0], padding[0]);
    for (let kx = 0; kx < kw; kx++) {
      const [ox, endX] = validOutputs(kx * dilation[1], w, ow, stride[1], padding[1]);
      const column = ox * stride[1] - padding[1] + kx * dilation[1];
      for (let oy = firstY; oy < endY && ox < endX; oy++) {
        const iy = oy * stride[0] - padding[0] + ky * dilation[0];
        rows.push(ky * kw + kx, iy * w + column, oy * ow + ox, endX - ox);
      }
    }
  }
  return { rows: Int32Array.from(rows), step: stride[1] };
}

/**
 * The sum that a convolution and both its gradients share: visits every pair of an output plane and an
 * input plane of its group, with the places where weights, input and output plane begin.
 */
function forEachPlanePair(
  given: ConvShapes,
  geometry: ConvGeometry,
  visit: (taps: Taps, w: number, x: number, y: number) => void,
): void {
  const shapes = flattened(given, geometry);
  const taps = tapsOf(shapes, geometry);
  const [n, channels, h, w] = dimensions4(shapes.x);
  const [outputs, perGroup, kh, kw] = dimensions4(shapes.weight);
  const [, , oh, ow] = dimensions4(shapes.y);
  const outputsPerGroup = outputs / geometry.groups;
  for (let image = 0; image < n; image++) {
    for (let o = 0; o < outputs; o++) {
      const y = (image * outputs + o) * oh * ow;
      const firstChannel = image * channels + Math.floor(o / outputsPerGroup) * perGroup;
      for (let c = 0; c < perGroup; c++)
        visit(taps, (o * perGroup + c) * kh * kw, (firstChannel + c) * h * w, y);
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
    forEachPlanePair(shapes, geometry, ({ rows, step }, wAt, xAt, yAt) => {
      for (let t = 0; t < rows.length; t += 4) {
        const tap = ws[wAt + rows[t]!]!;
        const from = xAt + rows[t + 1]!;
        const to = yAt + rows[t + 2]!;
        const count = rows[t + 3]!;
        for (let i = 0; i < count; i++) ys[to + i]! += tap * xs[from + i * step]!;
      }
    });
  },
  conv2dInputGrad: (geometry, [dy, weight], [dx]) => {
    const [dys, ws, dxs] = [floats(dy), floats(weight), floats(dx)];
    dxs.fill(0);
    const shapes = { x: dx!.shape, weight: weight!.shape, y: dy!.shape };
    forEachPlanePair(shapes, geometry, ({ rows, step }, wAt, xAt, yAt) => {
      for (let t = 0; t < rows.length; t += 4) {
        const tap = ws[wAt + rows[t]!]!;
        const to = xAt + rows[t + 1]!;
        const from = yAt + rows[t + 2]!;
        const count = rows[t + 3]!;
        for (let i = 0; i < count; i++) dxs[to + i * step]! += tap * dys[from + i]!;
      }
    });
  },
  conv2dWeightGrad: (geometry, [dy, x], [dw]) => {
    const [dys, xs, dws] = [floats(dy), floats(x), floats(dw)];
    dws.fill(0);
    const shapes = { x: x!.shape, weight: dw!.shape, y: dy!.shape };
    forEachPlanePair(shapes, geometry, ({ rows, step }, wAt, xAt, yAt) => {
      for (let t = 0; t < rows.length; t += 4) {
        const input = xAt + rows[t + 1]!;
        const output = yAt + rows[t + 2]!;
        const count = rows[t + 3]!;
        let total = 0;
        for (let i = 0; i < count; i++) total += dys[output + i]! * xs[input + i * step]!;
        dws[wAt + rows[t]!]! += total;
      }
    });
  },
};
