import type { ConvGeometry } from '../../../graph/op.js';
import type { Shape } from '../../../graph/tensorType.js';

/** Shapes of a convolution: x [N,C,H,W], weight [O,C/G,kh,kw], y [N,O,H',W']. */
export interface ConvShapes {
  readonly x: Shape;
  readonly weight: Shape;
  readonly y: Shape;
}

/** Whether a convolution is one that Winograd's F(4×4, 3×3) computes, with channels that fill blocks. */
export function fitsWinograd(
  { stride, padding, dilation, groups }: ConvGeometry,
  [outputs, inputs, ...kernel]: Shape,
  block: number,
): boolean {
  return (
    groups === 1 &&
    [...kernel, ...stride, ...padding, ...dilation].join() === '3,3,1,1,1,1,1,1' &&
    outputs! % block === 0 &&
    inputs! % block === 0
  );
}

/**
 * Whether the library's code for depthwise convolutions in blocks gets a weight gradient wrong: with vertical strides and four or more rows
 * of padding it leaves out products of some rows, in images of 32 rows, say (oneDNN 2.6.3 and 3.2).
 */
export function losesRows({ stride, padding, groups }: ConvGeometry, { x }: ConvShapes): boolean {
  return groups > 1 && groups === x[1] && stride[0] > 1 && padding[0] > 3;
}

/** The library's shape of a weight: with a leading axis of groups where there are several. */
export function weightShape(weight: Shape, groups: number): Shape {
  return groups === 1 ? weight : [groups, weight[0]! / groups, ...weight.slice(1)];
}
