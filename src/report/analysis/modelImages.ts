import sharp from 'sharp';
import { type Dataset, sharedBytes, subset } from '../../data/dataset.js';
import { pixelsOf } from '../../data/images/pixelsOf.js';
import { Loader } from '../../data/loader.js';
import type { Preprocessing } from '../../data/preprocessing.js';

/** Some images of a set, in the order of `indices`, which must not be empty. */
export function chosenImages(dataset: Dataset, indices: readonly number[]): Dataset {
  if (dataset.kind === 'images') return subset(dataset, Uint32Array.from(indices));
  const length = (dataset.channels ?? 3) * dataset.imageSize ** 2;
  const pixels = sharedBytes(indices.length * length);
  indices.forEach((index, n) => {
    pixels.set(dataset.pixels.subarray(index * length, (index + 1) * length), n * length);
  });
  const labels = Int32Array.from(indices, (index) => dataset.labels[index]!);
  return { ...dataset, count: indices.length, labels, pixels };
}

/** `limit` images of a set, spread evenly over it; the whole set if it has no more. */
export function evenSample(dataset: Dataset, limit: number): Dataset {
  const { count } = dataset;
  if (limit >= count) return dataset;
  return chosenImages(
    dataset,
    Array.from({ length: limit }, (_, i) => indexInSet(i, limit, count)),
  );
}

/** The index in a set of `count` images of image `i` of an even sample of so many. */
export function indexInSet(i: number, sampled: number, count: number): number {
  return Math.floor(i * (count / sampled));
}

/** Images as the model takes them, normalised [N, C, S, S]; those of `indices` first, zeros after them up to a whole batch. */
export async function* inputsOf(
  dataset: Dataset,
  indices: readonly number[],
  options: { readonly preprocessing: Preprocessing; readonly batchSize: number },
): AsyncGenerator<{ readonly images: Float32Array; readonly indices: readonly number[] }> {
  if (indices.length === 0) return;
  const { imageSize, mean } = options.preprocessing;
  const shape = { imageSize, channels: mean.length };
  const loader = new Loader(chosenImages(dataset, indices), { ...options, ...shape });
  let done = 0;
  try {
    for await (const { images, count } of loader.epoch(0)) {
      yield { images, indices: indices.slice(done, done + count) };
      done += count;
    }
  } finally {
    await loader.close();
  }
}

/** Bytes [S, S, 3] of image `n` of normalised ones [N, C, S, S]: the image as the model sees it. */
export function rgbOf(images: Float32Array, n: number, preprocessing: Preprocessing): Uint8Array {
  const pixels = pixelsOf(images, n, preprocessing);
  if (preprocessing.mean.length === 3) return pixels;
  return Uint8Array.from({ length: 3 * pixels.length }, (_, i) => pixels[Math.floor(i / 3)]!);
}

/** How pixels become the address of an embedded image. */
export interface EmbedOptions {
  /** Height and width of the pixels. */
  readonly size: number;
  /** Greatest height and width of the embedded image. */
  readonly most: number;
}

/** Bytes [size, size, 3] as a `data:` address of a WebP image. */
export async function embedded(pixels: Uint8Array, { size, most }: EmbedOptions): Promise<string> {
  const image = sharp(pixels, { raw: { width: size, height: size, channels: 3 } });
  const scaled = size > most ? image.resize(most, most) : image;
  return `data:image/webp;base64,${(await scaled.webp({ quality: 75 }).toBuffer()).toString('base64')}`;
}

/** Images of a set, each embedded once: `data:` addresses by index, at most `most` pixels high and wide. */
export async function addressesOf(
  { test, preprocessing }: { readonly test: Dataset; readonly preprocessing: Preprocessing },
  indices: readonly number[],
  most: number,
): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  const batchSize = Math.min(64, indices.length);
  const size = preprocessing.imageSize;
  for await (const { images, indices: some } of inputsOf(test, indices, { preprocessing, batchSize }))
    for (const [n, index] of some.entries())
      found.set(index, await embedded(rgbOf(images, n, preprocessing), { size, most }));
  return found;
}
