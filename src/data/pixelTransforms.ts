import { uniformSource } from '../random.js';
import type { Normalisation, PixelDataset } from './dataset.js';

/** Augmentation of training images. */
export interface PixelAugmentation {
  /** Zero padding around the image before the random crop to its old size. Default 4. */
  readonly padding: number;
  /** Whether half of the images are mirrored. Default true. */
  readonly flip: boolean;
}

/** Random crop with padding 4 and horizontal flip: the CIFAR recipe. */
export const CIFAR_AUGMENTATION: PixelAugmentation = { padding: 4, flip: true };

/** Which images make a batch, and how they are prepared. */
export interface PixelBatchRequest {
  /** Indices of the images, plus a multiple of their number where one comes again; the batch's size. */
  readonly indices: Uint32Array;
  /** Seed and epoch of the augmentation; without it images are not changed. */
  readonly augment?: { readonly seed: number; readonly epoch: number; readonly how: PixelAugmentation };
}

/** Value of each byte after scaling to [0, 1] and normalising: a table of 256 a channel. */
export function normalisationTables({ mean, std }: Normalisation): Float32Array {
  return Float32Array.from({ length: mean.length * 256 }, (_, i) => {
    const channel = i >> 8;
    return ((i & 255) / 255 - mean[channel]!) / std[channel]!;
  });
}

/**
 * Fills `out` [N, C, S, S] with normalised images. Crop and flip of an image depend only on the seed,
 * the epoch and its index. Padding is 0 before normalisation, as in torchvision.
 */
export function fillPixelBatch(
  out: Float32Array,
  dataset: Pick<PixelDataset, 'pixels' | 'imageSize' | 'channels'>,
  request: PixelBatchRequest,
  tables: Float32Array,
): void {
  const { pixels, imageSize: size, channels = 3 } = dataset;
  const { indices, augment } = request;
  const random = augment && uniformSource(augment.seed, 'augment');
  const padding = augment?.how.padding ?? 0;
  const image = channels * size * size;
  const count = pixels.length / image;
  indices.forEach((index, n) => {
    const draw = (what: number): number => random?.(augment!.epoch, index * 4 + what) ?? 0;
    const top = padding > 0 ? Math.floor(draw(0) * (2 * padding + 1)) - padding : 0;
    const left = padding > 0 ? Math.floor(draw(1) * (2 * padding + 1)) - padding : 0;
    const mirrored = augment?.how.flip === true && draw(2) < 0.5;
    copyImage(
      out,
      n * image,
      pixels,
      { start: (index % count) * image, size, channels, top, left, mirrored },
      tables,
    );
  });
}

interface Placement {
  readonly start: number;
  readonly size: number;
  readonly channels: number;
  readonly top: number;
  readonly left: number;
  readonly mirrored: boolean;
}

function copyImage(
  out: Float32Array,
  outStart: number,
  pixels: Uint8Array,
  { start, size, channels, top, left, mirrored }: Placement,
  tables: Float32Array,
): void {
  let o = outStart;
  for (let channel = 0; channel < channels; channel++) {
    const table = channel << 8;
    const outside = tables[table]!;
    for (let y = top; y < top + size; y++) {
      const row = start + (channel * size + y) * size;
      for (let i = 0; i < size; i++) {
        const x = left + (mirrored ? size - 1 - i : i);
        const inside = y >= 0 && y < size && x >= 0 && x < size;
        out[o++] = inside ? tables[table + pixels[row + x]!]! : outside;
      }
    }
  }
}
