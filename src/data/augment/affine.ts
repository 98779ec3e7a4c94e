import type { RgbImage } from '../images/image.js';

/** From a place in the result to its place in the image: x' = a·x + b·y + c, y' = d·x + e·y + f. */
export type AffineMap = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Slants rows: the image moves by `slope` pixels to the left per row. */
export function shearX(slope: number): AffineMap {
  return [1, Math.tan(Math.atan(slope)), 0, 0, 1, 0];
}

/** Slants columns: the image moves by `slope` pixels upward per column. */
export function shearY(slope: number): AffineMap {
  return [1, 0, 0, Math.tan(Math.atan(slope)), 1, 0];
}

/** Moves the image to the right and down by whole pixels. */
export function translate(right: number, down: number): AffineMap {
  return [1, 0, -right, 0, 1, -down];
}

/** Turns the image about its middle, counter-clockwise. */
export function rotate(degrees: number, { width, height }: RgbImage): AffineMap {
  const angle = -degrees * (Math.PI / 180);
  const [cos, sin] = [exact(Math.cos(angle)), exact(Math.sin(angle))];
  const [x, y] = [width / 2, height / 2];
  return [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y];
}

/** Rounded to 15 digits after the point, so that right angles give 0 and 1. */
function exact(value: number): number {
  return Math.round(value * 1e15) / 1e15;
}

/** Pillow's fixed point for coordinates, which are below 32768: 16 bits after the point. */
const BITS = 16;

/**
 * Moves an image's pixels, in place: each takes the nearest one of its place in the old image, or black outside of it (Geometry.c,
 * `affine_fixed`).
 *
 * @param old room for the old image, as long as its data
 */
export function transformNearest(image: RgbImage, map: AffineMap, old: Uint8Array): void {
  const { data, width, height } = image;
  old.set(data);
  const [a, b, c, d, e, f] = map;
  const [right, down] = [fixed(a), fixed(d)];
  const [rowRight, rowDown] = [fixed(b), fixed(e)];
  let rowX = fixed(c + a * 0.5 + b * 0.5);
  let rowY = fixed(f + d * 0.5 + e * 0.5);
  let o = 0;
  for (let y = 0; y < height; y++, rowX += rowRight, rowY += rowDown) {
    for (let x = 0, atX = rowX, atY = rowY; x < width; x++, atX += right, atY += down, o += 3) {
      const column = atX >> BITS;
      const row = atY >> BITS;
      const isInside = column >= 0 && column < width && row >= 0 && row < height;
      const i = isInside ? 3 * (row * width + column) : -1;
      data[o] = isInside ? old[i]! : 0;
      data[o + 1] = isInside ? old[i + 1]! : 0;
      data[o + 2] = isInside ? old[i + 2]! : 0;
    }
  }
}

function fixed(value: number): number {
  return Math.floor(value * 2 ** BITS + 0.5);
}
