import { open } from 'node:fs/promises';
import { errorMessage, UserError } from '../../errors.js';
import type { ImageSource } from '../dataset.js';

/** Most bytes of an encoded image. */
const LARGEST_IMAGE = 256 * 2 ** 20;

/** An image's encoded bytes, and its name for messages. */
export interface EncodedImage {
  readonly bytes: Uint8Array;
  readonly name: string;
}

/** An image's name in messages: its path, or its name in an archive. */
export function sourceName({ path, member }: ImageSource): string {
  return member ? `${member.name} in ${path}` : path;
}

/**
 * Reads the encoded bytes of an image.
 *
 * @throws UserError when the file cannot be read, ends too early, or has more than 256 MiB
 */
export async function readImageSource(source: ImageSource): Promise<EncodedImage> {
  const name = sourceName(source);
  try {
    const file = await open(source.path);
    try {
      const length = source.member?.length ?? (await file.stat()).size;
      if (length > LARGEST_IMAGE)
        throw new UserError(`${name} has ${length} bytes, but an image may have ${LARGEST_IMAGE}`);
      const bytes = new Uint8Array(length);
      const { bytesRead } = await file.read(bytes, 0, length, source.member?.offset ?? 0);
      if (bytesRead < length)
        throw new UserError(`${name} is truncated: ${bytesRead} of its ${length} bytes are there`);
      return { bytes, name };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof UserError
      ? error
      : new UserError(`${name} cannot be read: ${errorMessage(error)}`);
  }
}
