import { UserError } from '../errors.js';
import { type Normalisation, type PixelDataset, sharedBytes } from './dataset.js';

/** Brightness of an RGB pixel, as Pillow's mode L has it: ITU-R 601-2 in 16-bit fixed point. */
export function luma(red: number, green: number, blue: number): number {
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

/** Replaces each colour by its brightness, in place; rgb is [pixels, 3]. */
export function makeGrey(rgb: Uint8Array): void {
  for (let i = 0; i < rgb.length; i += 3) rgb.fill(luma(rgb[i]!, rgb[i + 1]!, rgb[i + 2]!), i, i + 3);
}

/**
 * Mean and deviation for another number of channels: for grey the average over the colours, as timm does; for
 * colour the grey value three times.
 */
export function normalisationFor({ mean, std }: Normalisation, channels: number): Normalisation {
  const adapt = (values: readonly number[]): readonly number[] => {
    if (values.length === channels) return values;
    const average = values.reduce((a, b) => a + b) / values.length;
    return Array.from({ length: channels }, () => average);
  };
  return { mean: adapt(mean), std: adapt(std) };
}

/**
 * Images in memory with another number of channels: colours become grey by {@link luma}, grey is repeated.
 *
 * @throws UserError for other numbers of channels
 */
export function withChannels(dataset: PixelDataset, channels: number): PixelDataset {
  const { channels: own = 3, imageSize, name, pixels } = dataset;
  if (own === channels) return dataset;
  const plane = imageSize ** 2;
  const images = pixels.length / (own * plane);
  const converted = sharedBytes(images * channels * plane);
  if (own === 3 && channels === 1) {
    for (let i = 0; i < images; i++)
      for (let p = 0, at = 3 * i * plane; p < plane; p++, at++)
        converted[i * plane + p] = luma(pixels[at]!, pixels[at + plane]!, pixels[at + 2 * plane]!);
  } else if (own === 1 && channels === 3) {
    for (let i = 0; i < images; i++)
      for (let c = 0; c < 3; c++)
        converted.set(pixels.subarray(i * plane, (i + 1) * plane), (3 * i + c) * plane);
  } else throw new UserError(`${name} has images of ${own} channels, but the model takes ${channels}`);
  return { ...dataset, channels, pixels: converted };
}
