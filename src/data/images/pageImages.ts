import { errorMessage, UserError } from '../../errors.js';
import type { ExifHandling } from '../preprocessing.js';
import { type Bitmap, pixelsOfBitmap } from './bitmapPixels.js';
import { type CanvasPixels, rgbOfCanvas } from './canvasPixels.js';
import { webpOrientation, withoutExif } from './exif.js';
import { readImageHeader } from './header.js';
import { MOST_PIXELS, type RgbImage } from './image.js';
import { turned } from './turn.js';

declare function createImageBitmap(image: Blob, options: Readonly<Record<string, string>>): Promise<Bitmap>;

/**
 * Decodes an image file in a page, with the browser's decoder: every format that the browser shows. Colour profiles are
 * ignored. Behind transparent pixels browsers may forget the colour.
 *
 * @param file such as a `File` of an input
 * @param exif whether the EXIF orientation of the image is applied; default `ignore`, as the other loaders
 * @throws UserError when the browser cannot decode it, it has too many pixels, or 16 bits of grey, which browsers scale and the other
 *   loaders clip
 */
export async function decodeImageFile(file: Blob, exif: ExifHandling = 'ignore'): Promise<RgbImage> {
  return rgbOfCanvas(await decodeToCanvas(file, exif));
}

/**
 * As {@link decodeImageFile}, with the pixels as a canvas gives them, which `prepareImage` takes.
 *
 * @throws UserError as {@link decodeImageFile}
 */
export async function decodeToCanvas(file: Blob, exif: ExifHandling = 'ignore'): Promise<CanvasPixels> {
  const name = 'name' in file && typeof file.name === 'string' ? file.name : 'the image';
  const bytes = new Uint8Array(await file.arrayBuffer());
  const header = readImageHeader(bytes);
  if (header?.pixels === 'grey16')
    throw new UserError(
      `${name} has 16 bits of grey, of which browsers show others than biasloss reads: convert it to 8 bits first`,
    );
  // Browsers differ in whether they turn WebP.
  const isOurs = exif === 'apply' && header?.format === 'WebP';
  const orientation = isOurs ? webpOrientation(bytes) : 1;
  const shown = exif === 'ignore' || isOurs ? new Blob([withoutExif(bytes)], { type: file.type }) : file;
  const options = { colorSpaceConversion: 'none', premultiplyAlpha: 'none', imageOrientation: 'from-image' };
  const bitmap = await createImageBitmap(shown, options).catch((error: unknown) => {
    throw new UserError(`${name} cannot be decoded: ${errorMessage(error)}`);
  });
  try {
    const { width, height } = bitmap;
    if (width * height > MOST_PIXELS)
      throw new UserError(
        `${name} has ${width} × ${height} pixels: expected ${Math.floor(MOST_PIXELS / 1e6)} million at most`,
      );
    return turned(pixelsOfBitmap(bitmap), orientation);
  } finally {
    bitmap.close();
  }
}
