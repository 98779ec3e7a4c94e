/**
 * Depthwise convolutions in the blocked layout. No sum goes over channels, so that every channel of every
 * image can be a channel of one image, [1, N·C, H, W]: then the channels fill blocks, whatever C is.
 * Two to nine times as fast as ONNX's standard operator.
 */
import type { ConvGeometry, Pair } from '../../../graph/op.js';
import { kernelSpan } from '../../../graph/ops/conv.js';
import { blockedConv, type Pads, toBlocked } from './blockedConv.js';
import type { GraphBuilder, Name } from './graphBuilder.js';
import { dimensions4, type Value } from './lowering.js';

type Size4 = readonly [number, number, number, number];

/** Whether a convolution of x [N, C, H, W] with `weight` [O, C/G, kh, kw] can be done so. */
export function isBlockedDepthwise(
  b: GraphBuilder,
  groups: number,
  [n, c]: Size4,
  [o, perGroup]: Size4,
): boolean {
  const block = b.features.blockSize;
  return block !== undefined && groups > 1 && perGroup === 1 && o === groups && (n * c) % block === 0;
}

/** x [N, C, H, W] as blocked channels of one image. */
export function toPlanes(b: GraphBuilder, { name, shape }: Pick<Value, 'name' | 'shape'>): Name {
  const [n, c, h, w] = shape as Size4;
  return toBlocked(b, b.reshape(name, [1, n * c, h, w]));
}

/** A depthwise convolution of planes. */
export interface PlaneConv {
  /** From {@link toPlanes}. */
  readonly planes: Name;
  /** Batch and channels. */
  readonly count: readonly [n: number, c: number];
  /** [C, kh·kw] in any shape. */
  readonly weight: Name;
  /** [C] */
  readonly bias?: Name | undefined;
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: Pads;
}

/** The result of the convolution, [1, N·C, H', W']. */
export function planeConv(b: GraphBuilder, conv: PlaneConv): Name {
  const [n, c] = conv.count;
  const [kh, kw] = conv.kernel;
  const channels = n * c;
  const repeated = (name: Name, size: number): Name => b.op('Tile', [b.reshape(name, [size]), b.ints([n])]);
  const filter = b.reshape(repeated(conv.weight, c * kh * kw), [1, channels, kh, kw]);
  return blockedConv(b, {
    x: conv.planes,
    filter: b.reshape(toBlocked(b, filter), [channels, 1, kh, kw]),
    bias: conv.bias && repeated(conv.bias, c),
    kernel: conv.kernel,
    strides: conv.strides,
    dilations: conv.dilations,
    pads: conv.pads,
    groups: channels,
    channels,
  });
}

/** Forward convolution. */
export function depthwiseForward(
  b: GraphBuilder,
  { stride, padding, dilation }: ConvGeometry,
  [x, weight, bias]: readonly [Value, Value, Value?],
  y: readonly number[],
): Name {
  const [n, c] = dimensions4(x);
  const [, , kh, kw] = dimensions4(weight);
  const result = planeConv(b, {
    planes: toPlanes(b, x),
    count: [n, c],
    weight: weight.name,
    bias: bias?.name,
    kernel: [kh, kw],
    strides: stride,
    dilations: dilation,
    pads: [...padding, ...padding],
  });
  return b.reshape(result, y);
}

/**
 * Gradient toward the weight: a convolution of x in which dy is the (large) filter, dilated by the
 * stride, with the kernel's dilation as its stride; its result of kh×kw is summed over the batch.
 *
 * @returns undefined where that does not apply
 */
export function depthwiseWeightGrad(
  b: GraphBuilder,
  { stride, padding, dilation, groups }: ConvGeometry,
  [dy, x]: readonly [Value, Value],
  shape: Size4,
): Name | undefined {
  const [n, c, h, w] = dimensions4(x);
  const [, , oh, ow] = dimensions4(dy);
  const [o, , kh, kw] = shape;
  const after = [
    (oh - 1) * stride[0] + kernelSpan(kh, dilation[0]) - h - padding[0],
    (ow - 1) * stride[1] + kernelSpan(kw, dilation[1]) - w - padding[1],
  ] as const;
  if (!isBlockedDepthwise(b, groups, [n, c, h, w], shape) || Math.min(...after) < 0) return undefined;
  const channels = n * c;
  const result = blockedConv(b, {
    x: toPlanes(b, x),
    filter: b.reshape(toPlanes(b, dy), [channels, 1, oh, ow]),
    kernel: [oh, ow],
    strides: dilation,
    dilations: stride,
    pads: [...padding, ...after],
    groups: channels,
    channels,
  });
  return b.reshape(b.reduce('ReduceSum', b.reshape(result, [n, c * kh * kw]), [0]), [o, 1, kh, kw]);
}
