/**
 * Gradient of a convolution toward its weight: for each tap (ky, kx) of the kernel a matrix product,
 * dW[:, :, ky, kx] = dY·X(ky, kx)ᵀ, summed over batch and image, where X(ky, kx) is the part of the
 * padded input that meets dY through that tap. Faster than a convolution of transposed tensors.
 */
import type { ConvGeometry } from '../../../graph/op.js';
import { kernelSpan } from '../../../graph/ops/conv.js';
import type { TensorType } from '../../../graph/tensorType.js';
import { depthwiseWeightGrad } from './depthwise.js';
import { type GraphBuilder, MICROSOFT, type Name } from './graphBuilder.js';
import { dimensions4, type Value } from './lowering.js';

/** x [N, C, H, W] with channels first, [C, N, H, W], so that a channel's elements are one row. */
function channelsFirst(b: GraphBuilder, x: Name): Name {
  return b.once(`${x} channels first`, () => b.transpose(x, [1, 0, 2, 3]));
}

/** a·bᵀ of stacks of matrices. */
function timesTransposed(b: GraphBuilder, left: Name, right: Name): Name {
  return b.features.fusedMatMul
    ? b.op('FusedMatMul', [left, right], { transB: 1 }, MICROSOFT)
    : b.op('MatMul', [left, b.transpose(right, [0, 2, 1])]);
}

/** Every [ky, kx] of a kernel, in row-major order. */
function tapsOf(kh: number, kw: number): (readonly [number, number])[] {
  return Array.from({ length: kh * kw }, (_, tap) => [Math.floor(tap / kw), tap % kw] as const);
}

/** Products of each tap, [taps, O·C/G] as rows, turned to the weight's order. */
function joinTaps(b: GraphBuilder, products: readonly Name[]): Name {
  return b.transpose(b.concat(products as [Name, ...Name[]], 0), [1, 0]);
}

/** x with channels first, cut for each tap: the elements that meet dy through it, [C, N, H', W'] each. */
function cutInputs(
  b: GraphBuilder,
  { stride, padding, dilation }: ConvGeometry,
  [dy, x]: readonly [Value, Value],
  [, , kh, kw]: readonly [number, number, number, number],
): Name[] {
  const [, , h, w] = dimensions4(x);
  const [, , oh, ow] = dimensions4(dy);
  const spanned = [(oh - 1) * stride[0] + 1, (ow - 1) * stride[1] + 1] as const;
  const after = (size: number, axis: 0 | 1, kernel: number): number =>
    Math.max(0, spanned[axis] + dilation[axis] * (kernel - 1) - size - padding[axis]);
  const padded = b.pad(
    channelsFirst(b, x.name),
    [0, 0, ...padding],
    [0, 0, after(h, 0, kh), after(w, 1, kw)],
  );
  return tapsOf(kh, kw).map(([ky, kx]) => {
    const starts = [ky * dilation[0], kx * dilation[1]] as const;
    const ends = [starts[0] + spanned[0], starts[1] + spanned[1]];
    return b.slice(padded, { axes: [2, 3], starts, ends, steps: stride });
  });
}

/** One product per tap: x is cut for each tap, dy stays. */
function tapProducts(
  b: GraphBuilder,
  geometry: ConvGeometry,
  [dy, x]: readonly [Value, Value],
  shape: readonly [number, number, number, number],
): Name {
  const { groups } = geometry;
  const [o, cg] = shape;
  const [n, c] = dimensions4(x);
  const [, , oh, ow] = dimensions4(dy);
  const gradient = b.reshape(channelsFirst(b, dy.name), [groups, o / groups, n * oh * ow]);
  const products = cutInputs(b, geometry, [dy, x], shape).map((part) => {
    const rows = b.reshape(part, [groups, c / groups, n * oh * ow]);
    const product = timesTransposed(b, gradient, rows);
    return b.reshape(product, [1, o * cg]);
  });
  return joinTaps(b, products);
}

/** The same for few inputs, as of a first layer: all taps, one above the other, are one product [O, taps·C]. */
function stackedInputs(
  b: GraphBuilder,
  geometry: ConvGeometry,
  [dy, x]: readonly [Value, Value],
  shape: readonly [number, number, number, number],
): Name {
  const [o, c, kh, kw] = shape;
  const [n, , oh, ow] = dimensions4(dy);
  const parts = cutInputs(b, geometry, [dy, x], shape) as [Name, ...Name[]];
  const rows = b.reshape(b.concat(parts, 0), [kh * kw * c, n * oh * ow]);
  const gradient = b.reshape(channelsFirst(b, dy.name), [o, n * oh * ow]);
  const product = b.op('Gemm', [gradient, rows], { transB: 1 });
  return b.transpose(b.reshape(product, [o, kh * kw, c]), [0, 2, 1]);
}

/**
 * The same for stride 1 with fewer copies: rows of dy are shifted by ky and columns of x by kx (times the dilation),
 * zeros filling up, so that kh + kw shifted tensors serve all kh·kw taps.
 */
function shiftedProducts(
  b: GraphBuilder,
  { padding, dilation }: ConvGeometry,
  [dy, x]: readonly [Value, Value],
  [o, c, kh, kw]: readonly [number, number, number, number],
): Name {
  const [n, , h, w] = dimensions4(x);
  const [, , oh, ow] = dimensions4(dy);
  const count = n * h * ow;
  const shiftedRows = (ky: number): Name => {
    const shift = ky * dilation[0] - padding[0];
    const rows = b.reshape(channelsFirst(b, dy.name), [o * n, oh * ow]);
    return b.reshape(b.pad(rows, [0, shift * ow], [0, (h - oh - shift) * ow]), [o, count]);
  };
  const shiftedColumns = (kx: number): Name => {
    const shift = padding[1] - kx * dilation[1];
    const columns = b.reshape(channelsFirst(b, x.name), [c * n * h, w]);
    return b.reshape(b.pad(columns, [0, shift], [0, ow - w - shift]), [c, count]);
  };
  const gradients = Array.from({ length: kh }, (_, ky) => shiftedRows(ky));
  const inputs = Array.from({ length: kw }, (_, kx) => shiftedColumns(kx));
  const products = gradients.flatMap((rows) =>
    inputs.map((columns) => b.reshape(b.op('Gemm', [rows, columns], { transB: 1 }), [1, o * c])),
  );
  return joinTaps(b, products);
}

/**
 * The same for stride 1 and fewer outputs than inputs: dy is cut instead of x, and all taps, one above
 * the other, are one product [taps·O, C].
 */
function stackedProduct(
  b: GraphBuilder,
  { padding, dilation }: ConvGeometry,
  [dy, x]: readonly [Value, Value],
  [o, c, kh, kw]: readonly [number, number, number, number],
): Name {
  const [n, , h, w] = dimensions4(x);
  const [, , oh, ow] = dimensions4(dy);
  const before = [(kh - 1) * dilation[0] - padding[0], (kw - 1) * dilation[1] - padding[1]];
  const padded = b.pad(
    channelsFirst(b, dy.name),
    [0, 0, ...before],
    [0, 0, h + padding[0] - oh, w + padding[1] - ow],
  );
  const parts = tapsOf(kh, kw).map(([ky, kx]) => {
    const starts = [(kh - 1 - ky) * dilation[0], (kw - 1 - kx) * dilation[1]];
    return b.slice(padded, { axes: [2, 3], starts, ends: [starts[0]! + h, starts[1]! + w] });
  });
  const rows = b.reshape(b.concat(parts as [Name, ...Name[]], 0), [kh * kw * o, n * h * w]);
  const inputs = b.reshape(channelsFirst(b, x.name), [c, n * h * w]);
  const product = b.op('Gemm', [rows, inputs], { transB: 1 });
  return b.transpose(b.reshape(product, [kh * kw, o * c]), [1, 0]);
}

/** 1×1 kernels of large images: a product for each image, without moving the batch inward, and their sum. */
function imageProducts(b: GraphBuilder, [dy, x]: readonly [Value, Value]): Name {
  const [n, c, h, w] = dimensions4(x);
  const [, o] = dimensions4(dy);
  const rows = (value: Value, channels: number): Name => b.reshape(value.name, [n, channels, h * w]);
  const product = timesTransposed(b, rows(dy, o), rows(x, c));
  return b.reduce('ReduceSum', product, [0]);
}

/** Whether a product for each image moves less memory than bringing the channels to the front. */
function prefersImages(
  { stride, padding, groups }: ConvGeometry,
  x: Value,
  [o, c, kh, kw]: readonly [number, number, number, number],
): boolean {
  const [, , h, w] = dimensions4(x);
  const pointwise = kh * kw * groups * stride[0] * stride[1] === 1 && padding[0] + padding[1] === 0;
  return pointwise && o * c <= (o + c) * h * w;
}

function productsFor(
  { stride, padding, dilation, groups }: ConvGeometry,
  [o, c, kh, kw]: readonly [number, number, number, number],
): typeof tapProducts {
  if (groups === 1 && kh * kw > 1 && kh * kw * c <= 2 * o) return stackedInputs;
  if (groups * stride[0] * stride[1] > 1 || kh * kw === 1) return tapProducts;
  const isWithin = padding[0] < kernelSpan(kh, dilation[0]) && padding[1] < kernelSpan(kw, dilation[1]);
  return o < c && isWithin ? stackedProduct : shiftedProducts;
}

/** Adds the gradient toward the weight, of type `dw`. */
export function convWeightGrad(
  b: GraphBuilder,
  geometry: ConvGeometry,
  [dy, x]: readonly [Value, Value],
  dw: TensorType,
): Name {
  const shape = dimensions4(dw);
  const depthwise = depthwiseWeightGrad(b, geometry, [dy, x], shape);
  if (depthwise !== undefined) return depthwise;
  if (prefersImages(geometry, x, shape)) return b.reshape(imageProducts(b, [dy, x]), dw.shape);
  const products = productsFor(geometry, shape);
  return b.reshape(products(b, geometry, [dy, x], shape), dw.shape);
}
