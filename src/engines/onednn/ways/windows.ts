import { sizeOf } from '../../../graph/tensorType.js';
import type { Convolution } from './way.js';

/**
 * Whether the windows of a convolution are its image itself, pixel by pixel: a kernel of one tap, without strides
 * or padding.
 */
export function isPointwise({ geometry: { stride, padding }, shapes: { weight } }: Convolution): boolean {
  const [, , height, width] = weight as [number, number, number, number];
  return height * width * Math.max(...stride) === 1 && Math.max(...padding) === 0;
}

/**
 * Whether a product's result is the windows of dx, which are then added up where they overlap. With strides or dilation,
 * or padding that is wider than the kernel reaches, dx is no convolution of dy's windows.
 */
export function addsWindows({ pass, geometry, shapes }: Convolution): boolean {
  const { stride, padding, dilation } = geometry;
  const [, , height, width] = shapes.weight as [number, number, number, number];
  const isPlain = Math.max(...stride, ...dilation) === 1 && height > padding[0] && width > padding[1];
  return pass === 'inputGradient' && !isPlain;
}

/** Numbers of the matrix of windows that a convolution's product reads or writes besides its operands; 0 for a pointwise one. */
export function windowElements(convolution: Convolution): number {
  if (isPointwise(convolution)) return 0;
  const { pass, shapes } = convolution;
  const [outputs, inputs, height, width] = shapes.weight as [number, number, number, number];
  const taps = height * width;
  return pass === 'inputGradient' && !addsWindows(convolution)
    ? (sizeOf(shapes.x) / inputs) * outputs * taps
    : (sizeOf(shapes.y) / outputs) * inputs * taps;
}
