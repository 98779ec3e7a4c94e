import { createHash } from 'node:crypto';
import { UserError } from '../../errors.js';
import type { ImageSource } from '../dataset.js';
import { decodeRgb } from '../images/decode.js';
import type { RgbImage } from '../images/image.js';
import { readImageSource } from '../images/imageSource.js';
import { type Signature, signatureOf } from './signature.js';

/** An image's properties, or why it cannot be read. */
export type Look =
  | {
      /** Hash of its encoded bytes. */
      readonly digest: string;
      readonly signature: Signature;
      /** Whether it is 16-bit grey, which is clipped at 255, and much of it is white. */
      readonly isClipped: boolean;
    }
  | { readonly problem: 'empty' | 'unreadable'; readonly reason: string };

/** Share of white pixels above which 16-bit grey counts as clipped. */
const CLIPPED = 0.05;

/**
 * Reads and decodes an image.
 *
 * @param name the image's name in the reason why it cannot be read
 */
export async function lookAtImage(source: ImageSource, name: string): Promise<Look> {
  try {
    const { bytes } = await readImageSource(source);
    if (bytes.length === 0) return { problem: 'empty', reason: `${name} is empty` };
    const image = await decodeRgb(bytes, name);
    return {
      digest: createHash('sha256').update(bytes).digest('hex').slice(0, 32),
      signature: signatureOf(image),
      isClipped: image.isClippedGrey === true && whiteShare(image) > CLIPPED,
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { problem: 'unreadable', reason: error.message };
  }
}

function whiteShare({ data }: RgbImage): number {
  let white = 0;
  for (let i = 0; i < data.length; i += 3) if (data[i] === 255) white++;
  return white / (data.length / 3);
}
