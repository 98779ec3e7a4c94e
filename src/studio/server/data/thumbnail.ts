import sharp from 'sharp';
import { firstLine } from '../../../data/images/decode.js';
import { readImageHeader } from '../../../data/images/header.js';
import { MOST_PIXELS } from '../../../data/images/image.js';
import { readImageSource } from '../../../data/images/imageSource.js';
import { errorMessage, UserError } from '../../../errors.js';

/** Pixels of a thumbnail's longer side, at most. */
const SIZE = 192;

/**
 * A small copy of an image, as a person sees it: turned by its EXIF orientation.
 *
 * @param path of its file
 * @param name for messages
 * @returns bytes of a WebP file
 * @throws UserError when it cannot be read or decoded, or is of a format that training does not read
 */
export async function thumbnailOf(path: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes } = await readImageSource({ path });
  if (!readImageHeader(bytes)) throw new UserError(`${name} is not an image that can be read`);
  try {
    const image = sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' }).autoOrient();
    const small = image.resize(SIZE, SIZE, { fit: 'inside', withoutEnlargement: true });
    return new Uint8Array(await small.webp({ quality: 80 }).toBuffer());
  } catch (error) {
    throw new UserError(`${name} cannot be decoded: ${firstLine(errorMessage(error))}`);
  }
}
