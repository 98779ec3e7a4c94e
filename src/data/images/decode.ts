import type { Sharp } from 'sharp';
import { errorMessage, ImageError, UserError } from '../../errors.js';
import type { ExifHandling } from '../preprocessing.js';
import { decoder } from './decoder.js';
import { formatOf, type ImageHeader, READ_FORMATS_TEXT, readImageHeader } from './header.js';
import { MOST_PIXELS, type RgbImage } from './image.js';

/**
 * Decodes a JPEG, PNG, WebP, GIF or TIFF image into RGB as torchvision does (Pillow's `convert('RGB')`):
 * colour profiles are ignored, and EXIF orientation unless asked for (then it is Pillow's `exif_transpose`), but for a TIFF's, which is
 * always applied;
 * grey is repeated; palettes are looked up; alpha is dropped, not blended (transparent pixels of a GIF are black, not of their palette's colour); CMYK is multiplied out,
 * (255 − C)(255 − K)/255; of 16 bits a channel the upper 8 count, but 16-bit grey without alpha is clipped
 * at 255, as Pillow clips it. Of an animation or of several pages the first image counts.
 *
 * @param name for messages
 * @param exif whether the EXIF orientation of the image is applied, if it is no TIFF; default `ignore`
 * @throws ImageError when the image is damaged, truncated, too large or of another format
 */
export async function decodeRgb(
  bytes: Uint8Array,
  name: string,
  exif: ExifHandling = 'ignore',
): Promise<RgbImage> {
  if (bytes.length === 0) throw new ImageError(`${name} is empty`);
  const header = readImageHeader(bytes);
  if (!header) {
    const format = formatOf(bytes);
    const found = format === undefined ? '' : `, found ${format}`;
    throw new ImageError(`${name} is not an image that can be read: expected ${READ_FORMATS_TEXT}${found}`);
  }
  try {
    return await decode(bytes, header, exif);
  } catch (error) {
    throw new ImageError(`${name} cannot be decoded as ${header.format}: ${firstLine(errorMessage(error))}`);
  }
}

async function decode(bytes: Uint8Array, header: ImageHeader, exif: ExifHandling): Promise<RgbImage> {
  const sharp = await decoder();
  const stored = sharp(bytes, { ignoreIcc: true, failOn: 'error', limitInputPixels: MOST_PIXELS });
  const pixels = header.format === 'TIFF' ? await tiffPixels(stored) : header.pixels;
  // Pillow turns a TIFF while it loads it.
  const image = exif === 'apply' || header.format === 'TIFF' ? stored.autoOrient() : stored;
  switch (pixels) {
    case 'ordinary':
      return rgbOf(image.toColourspace('srgb').removeAlpha());
    case 'grey16':
      return clippedGrey(image);
    case 'cmyk':
      return multipliedOut(image);
  }
}

/** How a TIFF's pixels are stored, according to libvips. */
async function tiffPixels(image: Sharp): Promise<ImageHeader['pixels']> {
  const { depth, space, channels } = await image.metadata();
  if (depth !== 'uchar' && depth !== 'ushort')
    throw new UserError(`its values are of the type ${depth}: expected whole numbers of 8 or 16 bits`);
  if (space === 'cmyk') return 'cmyk';
  return depth === 'ushort' && channels === 1 ? 'grey16' : 'ordinary';
}

async function rgbOf(image: Sharp): Promise<RgbImage> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  return { data: info.channels === 1 ? repeated(data) : data, width, height };
}

/** Grey as RGB. */
function repeated(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(3 * grey.length);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i]!, 3 * i, 3 * i + 3);
  return rgb;
}

async function clippedGrey(image: Sharp): Promise<RgbImage> {
  const { data, info } = await image
    .toColourspace('grey16')
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const values = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  const grey = Uint8Array.from({ length: width * height }, (_, i) => Math.min(values[i * channels]!, 255));
  return { data: repeated(grey), width, height, isClippedGrey: true };
}

/** Both libvips and Pillow assume that CMYK is stored inverted, as by Adobe, and undo that. */
async function multipliedOut(image: Sharp): Promise<RgbImage> {
  const { data, info } = await image
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const white = 255 - data[4 * i + 3]!;
    for (let c = 0; c < 3; c++) {
      // (255 − C)(255 − K)/255 in Pillow's rounding.
      const product = data[4 * i + c]! * white + 128;
      rgb[3 * i + c] = Math.max(0, white - (((product >> 8) + product) >> 8));
    }
  }
  return { data: rgb, width, height };
}

/** The first line of a message of the decoder's, which may end in a colon before the others. */
export function firstLine(text: string): string {
  return text.split('\n')[0]!.replace(/[:\s]+$/, '');
}
