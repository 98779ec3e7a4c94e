import { errorMessage, UserError } from '../../errors.js';
import type { ExifHandling } from '../preprocessing.js';
import { type CanvasPixels, rgbOfCanvas } from './canvasPixels.js';
import { withoutExif } from './exif.js';
import type { RgbImage } from './image.js';

/** What is used of a page's or worker's global scope. */
interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}
declare function createImageBitmap(image: Blob, options: Readonly<Record<string, string>>): Promise<Bitmap>;
declare const OffscreenCanvas: new (
  width: number,
  height: number,
) => {
  getContext(
    kind: '2d',
    options: { readonly willReadFrequently: boolean },
  ): {
    drawImage(image: Bitmap, x: number, y: number): void;
    getImageData(x: number, y: number, width: number, height: number): CanvasPixels;
  };
};

/**
 * Decodes an image file in a page, with the browser's decoder: every format that the browser shows. Colour profiles are
 * ignored. Behind transparent pixels browsers may forget the colour.
 *
 * @param file such as a `File` of an input
 * @param exif whether the EXIF orientation of the image is applied; default `ignore`, as the other loaders.
 *   Chromium applies it to JPEG and PNG, not to WebP
 * @throws UserError when the browser cannot decode it
 */
export async function decodeImageFile(file: Blob, exif: ExifHandling = 'ignore'): Promise<RgbImage> {
  return rgbOfCanvas(await decodeToCanvas(file, exif));
}

/**
 * As {@link decodeImageFile}, with the pixels as a canvas gives them, which `prepareImage` takes.
 *
 * @throws UserError when the browser cannot decode it
 */
export async function decodeToCanvas(file: Blob, exif: ExifHandling = 'ignore'): Promise<CanvasPixels> {
  const name = 'name' in file && typeof file.name === 'string' ? file.name : 'the image';
  const shown = exif === 'ignore' ? new Blob([withoutExif(await bytesOf(file))], { type: file.type }) : file;
  const options = { colorSpaceConversion: 'none', premultiplyAlpha: 'none', imageOrientation: 'from-image' };
  const bitmap = await createImageBitmap(shown, options).catch((error: unknown) => {
    throw new UserError(`${name} cannot be decoded: ${errorMessage(error)}`);
  });
  try {
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, width, height);
  } finally {
    bitmap.close();
  }
}

async function bytesOf(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.arrayBuffer());
}
