/**
 * Convolutions in ONNX Runtime's blocked layout, [N, C/b, H, W, b] for blocks of b channels. Its optimiser
 * uses them for weights that are constants; here the filters are reordered in the graph, so that the
 * weights of a training step have them too.
 */
import type { Pair } from '../../../graph/op.js';
import { type GraphBuilder, type Name, NCHWC } from './graphBuilder.js';

/** Paddings as ONNX has them: [top, left, bottom, right]. */
export type Pads = readonly [number, number, number, number];

/** A convolution whose filter is in the layout that the operator wants. */
export interface BlockedConv {
  /** In the blocked layout. */
  readonly x: Name;
  readonly filter: Name;
  readonly bias?: Name | undefined;
  readonly kernel: Pair;
  readonly strides: Pair;
  readonly dilations?: Pair;
  readonly pads: Pads;
  readonly groups?: number;
  /** Channels of the result that are to be kept. */
  readonly channels: number;
}

/** x [N, C, H, W] in the blocked layout; C must be a multiple of the block. */
export function toBlocked(b: GraphBuilder, x: Name): Name {
  return b.op('ReorderInput', [x], {}, NCHWC);
}

/** The convolution, back in the plain layout. */
export function blockedConv(b: GraphBuilder, conv: BlockedConv): Name {
  const { x, filter, bias, kernel, strides, dilations = [1, 1], pads, groups = 1, channels } = conv;
  const attributes = { kernel_shape: kernel, strides, dilations, pads, group: groups };
  const y = b.op('Conv', bias === undefined ? [x, filter] : [x, filter, bias], attributes, NCHWC);
  return b.op('ReorderOutput', [y], { channels }, NCHWC);
}

/**
 * Filter of a forward convolution: weight [O, C, kh, kw] as [O/b, C/b, kh, kw, b of C, b of O]. A
 * transposed matrix first, so that whole blocks are moved then. O and C must be multiples of the block.
 */
export function forwardFilter(
  b: GraphBuilder,
  weight: Name,
  [o, c, kh, kw]: readonly [number, number, number, number],
  block: number,
): Name {
  const byInput = b.transpose(b.reshape(weight, [o, c * kh * kw]), [1, 0]);
  const blocks = b.reshape(byInput, [c / block, block, kh * kw, o / block, block]);
  return b.reshape(b.transpose(blocks, [3, 0, 2, 1, 4]), [o, c, kh, kw]);
}

/**
 * Filter of a convolution from the outputs' gradient back to the inputs: weight [O, C, kh, kw], of which
 * `taps` are kept, as [C/b, O/b, taps, b of O, b of C]. O and C must be multiples of the block.
 */
export function backwardFilter(
  b: GraphBuilder,
  weight: Name,
  [o, c, kh, kw]: readonly [number, number, number, number],
  {
    taps,
    kernel,
    block,
  }: { readonly taps: readonly number[]; readonly kernel: Pair; readonly block: number },
): Name {
  const byTap = b.once(`${weight} by tap`, () => b.transpose(b.reshape(weight, [o * c, kh * kw]), [1, 0]));
  const kept = b.op('Gather', [byTap, b.ints(taps)], { axis: 0 });
  const blocks = b.reshape(kept, [taps.length, o / block, block, c / block, block]);
  return b.reshape(b.transpose(blocks, [3, 1, 0, 2, 4]), [c, o, ...kernel]);
}
