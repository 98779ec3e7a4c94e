import type { CanvasPixels } from './canvasPixels.js';

/** What is used of a page's or worker's global scope. */
export interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
interface Context {
  globalCompositeOperation: string;
  drawImage(image: Bitmap, x: number, y: number): void;
  getImageData(x: number, y: number, width: number, height: number): CanvasPixels;
}
declare const OffscreenCanvas: new (
  width: number,
  height: number,
) => { getContext(kind: '2d', options: { readonly willReadFrequently: boolean }): Context };

/**
 * Greatest width and height of a canvas. Above their limits browsers leave a canvas blank without an error; the lowest limit
 * is Safari's on phones, 4096 × 4096 pixels.
 */
const TILE = 4096;

/** A bitmap's pixels, which one canvas reads in tiles. */
export function pixelsOfBitmap(bitmap: Bitmap): CanvasPixels {
  const { width, height } = bitmap;
  const [tileWidth, tileHeight] = [Math.min(width, TILE), Math.min(height, TILE)];
  const context = new OffscreenCanvas(tileWidth, tileHeight).getContext('2d', { willReadFrequently: true });
  // Transparent pixels replace those of the tile before.
  context.globalCompositeOperation = 'copy';
  const read = (x: number, y: number): CanvasPixels => {
    context.drawImage(bitmap, -x, -y);
    return context.getImageData(0, 0, Math.min(tileWidth, width - x), Math.min(tileHeight, height - y));
  };
  if (tileWidth === width && tileHeight === height) return read(0, 0);
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y += tileHeight)
    for (let x = 0; x < width; x += tileWidth) place(read(x, y), data, 4 * (y * width + x), 4 * width);
  return { data, width, height };
}

/** Copies a tile into an image's bytes, from byte `at` on. @param stride bytes of the image's rows */
function place(tile: CanvasPixels, to: Uint8ClampedArray, at: number, stride: number): void {
  const length = 4 * tile.width;
  for (let row = 0; row < tile.height; row++)
    to.set(tile.data.subarray(row * length, (row + 1) * length), at + row * stride);
}
