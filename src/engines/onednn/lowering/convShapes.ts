import type { Shape } from '../../../graph/tensorType.js';

/** Shapes of a convolution: x [N,C,H,W], weight [O,C/G,kh,kw], y [N,O,H',W']. */
export interface ConvShapes {
  readonly x: Shape;
  readonly weight: Shape;
  readonly y: Shape;
}

/** The library's shape of a weight: with a leading axis of groups where there are several. */
export function weightShape(weight: Shape, groups: number): Shape {
  return groups === 1 ? weight : [groups, weight[0]! / groups, ...weight.slice(1)];
}
