import type { OnnxClassifier } from './readClassifier.js';

/** What an exported model takes in a run. */
export interface ClassifierInput {
  readonly data: Float32Array | Uint8Array;
  /** [N, channels, height, width], or of bytes [N, height, width, channels]. */
  readonly shape: readonly number[];
}

/** The normalisation of images for {@link classifierInput}: the model's own, or for one that takes bytes the pixels' values. */
export function inputNormalisation({
  takesBytes,
  mean,
  std,
}: Pick<OnnxClassifier, 'takesBytes' | 'mean' | 'std'>): Pick<OnnxClassifier, 'mean' | 'std'> {
  // (x/255 − 0)·255: the values of the pixels.
  return takesBytes ? { mean: mean.map(() => 0), std: mean.map(() => 1 / 255) } : { mean, std };
}

/**
 * Images as an exported model takes them.
 *
 * @param images [N, C, S, S] with {@link inputNormalisation}
 */
export function classifierInput(
  { takesBytes, channels, imageSize }: Pick<OnnxClassifier, 'takesBytes' | 'channels' | 'imageSize'>,
  images: Float32Array,
): ClassifierInput {
  const count = images.length / (channels * imageSize ** 2);
  return takesBytes
    ? { data: bytesOf(images, [channels, imageSize]), shape: [count, imageSize, imageSize, channels] }
    : { data: images, shape: [count, channels, imageSize, imageSize] };
}

/** Planes [N, C, S, S] of the pixels' values as bytes [N, S, S, C]. */
function bytesOf(planes: Float32Array, [channels, imageSize]: readonly [number, number]): Uint8Array {
  const plane = imageSize * imageSize;
  return Uint8Array.from(planes, (_, i) => {
    const [image, pixel] = [Math.floor(i / (channels * plane)), Math.floor(i / channels) % plane];
    return Math.round(planes[(channels * image + (i % channels)) * plane + pixel]!);
  });
}
