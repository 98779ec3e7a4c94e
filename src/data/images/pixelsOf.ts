import type { Preprocessing } from '../preprocessing.js';

/**
 * Bytes [S, S, C] of image `n` of normalised ones [N, C, S, S]: the image as the model sees it.
 *
 * @param options the normalisation, with a mean and a standard deviation per channel
 */
export function pixelsOf(
  images: Float32Array,
  n: number,
  { imageSize, mean, std }: Pick<Preprocessing, 'imageSize' | 'mean' | 'std'>,
): Uint8Array {
  const plane = imageSize * imageSize;
  const channels = mean.length;
  return Uint8Array.from({ length: channels * plane }, (_, i) => {
    const channel = i % channels;
    const at = (channels * n + channel) * plane + Math.floor(i / channels);
    return Math.round(Math.min(1, Math.max(0, images[at]! * std[channel]! + mean[channel]!)) * 255);
  });
}
