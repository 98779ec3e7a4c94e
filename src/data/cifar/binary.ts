import { UserError } from '../../errors.js';
import type { CifarFacts } from './facts.js';

/** Bytes of an image: three planes of 32×32. */
export const IMAGE_BYTES = 3 * 32 * 32;

/** Images and labels of one file. */
export interface CifarPart {
  /** Class of each image, unchecked. */
  readonly labels: Int32Array;
  /** Copies the pixels, [count, 3, 32, 32], to the beginning of `out`. */
  readonly copyPixels: (out: Uint8Array) => void;
}

/**
 * A file of the official binary layout: records of label bytes and three planes of pixels.
 *
 * @throws UserError when the length is not that of whole records
 */
export function readBinaryPart(facts: CifarFacts, bytes: Uint8Array, path: string): CifarPart {
  const { labelBytes, labelOffset, title } = facts;
  const record = labelBytes + IMAGE_BYTES;
  if (bytes.length === 0 || bytes.length % record !== 0) {
    throw new UserError(
      `${path} is truncated or not in the binary layout of ${title}: expected records of ${record} bytes, found ${bytes.length} bytes`,
    );
  }
  const count = bytes.length / record;
  return {
    labels: Int32Array.from({ length: count }, (_, i) => bytes[i * record + labelOffset]!),
    copyPixels: (out) => {
      for (let i = 0; i < count; i++)
        out.set(bytes.subarray(i * record + labelBytes, (i + 1) * record), i * IMAGE_BYTES);
    },
  };
}
