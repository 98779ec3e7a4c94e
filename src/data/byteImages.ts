/** Bytes of images, and what is still to be done to each: see `ImageBytes`. */
export interface ByteImages {
  /** [N, C, S, S] */
  readonly pixels: Uint8Array<ArrayBuffer>;
  /** [N, 3]: top, left, and 1 where the image is mirrored. */
  readonly placements: Int32Array<ArrayBuffer>;
}

/** Where prepared images are written: numbers [N, C, S, S], or bytes. */
export type ImageTarget = Float32Array | ByteImages;

/** Whether images are written as bytes. */
export function isByteImages(target: ImageTarget): target is ByteImages {
  return 'placements' in target;
}

/** The place of image n of a target, whose images have so many values. */
export function targetAt(target: ImageTarget, n: number, length: number): ImageTarget {
  if (!isByteImages(target)) return target.subarray(n * length, (n + 1) * length);
  const { pixels, placements } = target;
  return {
    pixels: pixels.subarray(n * length, (n + 1) * length),
    placements: placements.subarray(3 * n, 3 * (n + 1)),
  };
}

/** Bytes [pixels, 3] as planes [channels, pixels], of 3 or 1 channels; of one channel, the first colour's. */
export function writeBytePlanes(out: Uint8Array, rgb: Uint8Array, channels: number): void {
  if (channels === 1) {
    for (let o = 0, i = 0; o < out.length; o++, i += 3) out[o] = rgb[i]!;
    return;
  }
  const plane = out.length / 3;
  for (let o = 0, i = 0; o < plane; o++, i += 3) {
    out[o] = rgb[i]!;
    out[o + plane] = rgb[i + 1]!;
    out[o + 2 * plane] = rgb[i + 2]!;
  }
}
