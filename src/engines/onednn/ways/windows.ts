import { sizeOf } from '../../../graph/tensorType.js';
import type { ElementType } from '../memoryDesc.js';
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

/** bf16 numbers of a cache line, which are a row of the tiles that AMX multiplies. */
const TILE = 32;

/** A number of channels, filled up to whole rows of tiles. */
export function filledUp(channels: number): number {
  return Math.ceil(channels / TILE) * TILE;
}

/**
 * Whether the matrices of a weight gradient's product may have their channels filled up: what the library's AMX code needs to be
 * fast (58, 116 or 232 channels: two to eight times).
 */
export function fitsFilled(convolution: Convolution, type: ElementType): boolean {
  const { pass, shapes } = convolution;
  const channels = shapes.weight.slice(0, 2);
  const isRagged = channels.some((count) => filledUp(count) !== count);
  return type === 'bf16' && pass === 'weightGradient' && isPointwise(convolution) && isRagged;
}
