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

/**
 * Magnitudes of torch 2.11, by `KIND OPERATION WIDTH`: `torch.linspace(0, END, 31)` with the ends of torchvision's spaces
 * (`150.0 / 331.0 * WIDTH` for RandAugment's translations), and from 255 to 0 for Solarize.
 */
export const GOLDEN_MAGNITUDES = new URL('../../../test/golden/magnitudes.json', import.meta.url);

/**
 * Gives older PyTorch the magnitudes of {@link GOLDEN_MAGNITUDES}, whatever its vectors: 1.13 rounds products before sums on processors
 * without AVX512, so that a byte is cut off the other way, or an image moves by another pixel.
 */
export const LINSPACE_OF_TORCH_2 = `
def linspace(start, end, steps):
    start, end = float(np.float32(start)), float(np.float32(end))
    step, i = float(np.float32((end - start) / (steps - 1))), np.arange(steps)
    return torch.from_numpy(np.where(i < steps // 2, start + step * i, end - step * (steps - 1 - i)).astype(np.float32))
torch.linspace = linspace
`;

/** {@link GOLDEN_AUGMENT}'s content. */
export type GoldenHashes = Record<string, string>;
