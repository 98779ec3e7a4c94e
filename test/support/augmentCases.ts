/** Images and magnitudes on which augmentations are compared with torchvision's. */
import { createHash } from 'node:crypto';
import { type AutoAugment, MAGNITUDES, magnitudeOf } from '../../src/data/augment/autoAugment.js';
import { applyOperation, type OperationName } from '../../src/data/augment/operations.js';
import type { RgbImage } from '../../src/data/images/image.js';

/** Both spaces of magnitudes. */
export const KINDS: readonly AutoAugment['kind'][] = ['ra', 'ta_wide'];

/** An image by a formula of x, y and the colour. */
function drawn(
  width: number,
  height: number,
  value: (x: number, y: number, colour: number) => number,
): RgbImage {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return value(pixel % width, Math.floor(pixel / width), i % 3);
  });
  return { data, width, height };
}

/** Images of every kind that the operations treat differently. */
export const IMAGES: Readonly<Record<string, RgbImage>> = {
  mixed: drawn(32, 32, (x, y, c) => (x * y * 7 + x * 3 + y * 5 + c * 50) % 256),
  smooth: drawn(45, 31, (x, y, c) => Math.min(255, x * 3 + y * 2 + c * 30 + 20)),
  pale: drawn(32, 32, (x, y, c) => 100 + ((x * 5 + y * 3 + c * 7) % 41)),
  plain: drawn(16, 16, (_, __, c) => 60 + 70 * c),
  fewColours: drawn(33, 33, (x, y, c) => (((x >> 3) + (y >> 2) + c) % 3) * 120),
};

/** Every magnitude of an operation for an image, with both signs where it has one. */
export function magnitudes(kind: AutoAugment['kind'], name: OperationName, image: RgbImage): number[] {
  const all = Array.from({ length: MAGNITUDES }, (_, step) => magnitudeOf(kind, name, step, image));
  return all.flatMap(({ value, isSigned }) => (isSigned ? [value, -value] : [value]));
}

/** The bytes of an operation's results for some magnitudes, one after the other. */
export function results(name: OperationName, image: RgbImage, all: readonly number[]): Uint8Array {
  const length = image.data.length;
  const out = new Uint8Array(all.length * length);
  for (const [i, magnitude] of all.entries()) {
    const changed = { ...image, data: image.data.slice() };
    applyOperation(name, changed, magnitude, new Uint8Array(length));
    out.set(changed.data, i * length);
  }
  return out;
}

/** The beginning of the SHA-256 of bytes. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** Where the golden hashes lie: by KIND/OPERATION/IMAGE that of {@link results} of all {@link magnitudes}. */
export const GOLDEN_AUGMENT = new URL('../../../test/golden/augment.json', import.meta.url);

/** {@link GOLDEN_AUGMENT}'s content. */
export type GoldenHashes = Record<string, string>;
