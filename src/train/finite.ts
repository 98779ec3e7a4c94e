import { type ImageBytes, isImageBytes, numbersOf } from '../engines/imageBytes.js';
import { UserError } from '../errors.js';
import { isBigInt64Array } from '../realms.js';
import type { StateDictTensors } from './stateDict.js';

/** Values checked before yielding to other events: about a millisecond. */
const TURN = 1 << 19;

/** Name of the first tensor with a value that is not finite; yields to other events meanwhile. */
export async function firstNotFinite(state: StateDictTensors): Promise<string | undefined> {
  let seen = 0;
  for (const [name, { data }] of state) {
    for (let begin = 0; begin < data.length; begin += TURN) {
      const part = data.subarray(begin, begin + TURN);
      if (!isFinite32(part)) return name;
      seen += part.length;
      if (seen < TURN) continue;
      await new Promise((resolve) => setTimeout(resolve));
      seen = 0;
    }
  }
  return undefined;
}

/** Variances of batch normalisation, by the ends of their names. */
const VARIANCE = /(^|\.)running_var$/;

/**
 * Rejects tensors of a file that would make every result NaN: values that are not finite, and negative variances, whose root
 * oneDNN's ReLU would hide.
 *
 * @throws UserError naming file and tensor
 */
export function expectFinite(tensors: StateDictTensors, path: string): void {
  for (const [name, { dtype, data }] of tensors) {
    if (!isFinite32(data)) throw new UserError(`${path}: ${name} has values that are not finite`);
    if (dtype === 'f32' && VARIANCE.test(name) && data.some((value) => value < 0))
      throw new UserError(`${path}: ${name} has negative values, and is to be a variance`);
  }
}

/**
 * Rejects images with a value that is not finite: oneDNN's ReLU makes 0 of NaN, and the result would look sound.
 *
 * @param count images in the array
 * @param whole what messages call all of them
 * @throws UserError naming the first such image by its place, from 1
 */
export function expectFiniteImages(
  images: Float32Array | ImageBytes,
  count: number,
  whole = 'the batch',
): void {
  if (hasFiniteImages(images)) return;
  const values = numbersOf(images);
  const place = Math.floor((count * values.findIndex((value) => !Number.isFinite(value))) / values.length);
  throw new UserError(`image ${place + 1} of ${whole} has values that are not finite`);
}

/** Whether {@link expectFiniteImages} takes images. */
export function hasFiniteImages(images: Float32Array | ImageBytes): boolean {
  // Bytes are finite where all values are that they may have.
  return isFinite32(isImageBytes(images) ? images.tables : images);
}

/** Whether all values are finite: sums of f32 numbers in double precision are, unless a value is not. */
function isFinite32(data: Float32Array | BigInt64Array): boolean {
  if (isBigInt64Array(data)) return true;
  // Four sums: the additions of one would wait for each other.
  const whole = data.length & ~3;
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < whole; i += 4) {
    a += data[i]!;
    b += data[i + 1]!;
    c += data[i + 2]!;
    d += data[i + 3]!;
  }
  for (let i = whole; i < data.length; i++) a += data[i]!;
  return Number.isFinite(a + b + c + d);
}
