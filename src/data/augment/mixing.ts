import { uniformSource } from '../../random.js';
import { BETA_DRAWS, betaNumber } from './beta.js';
import type { Box } from './erasing.js';

/** Mixing of a batch's images; with both, each batch is mixed in one of the two ways at random. */
export interface Mixing {
  /** α of mixup: a batch's λ is of the distribution Beta(α, α). Default 0: none. */
  readonly mixup?: number | undefined;
  /** α of CutMix. Default 0: none. */
  readonly cutmix?: number | undefined;
  /** Epochs that are mixed. Default: all. */
  readonly epochs?: number | undefined;
}

/** Where a batch is in a run, and the height and width of its images. */
export interface BatchPlace {
  readonly epoch: number;
  readonly step: number;
  readonly size: number;
}

/** How a batch is mixed: each image with the one before it, the first with the last. */
export type Mix =
  | { readonly kind: 'mixup'; readonly lambda: number }
  /** λ is the share of the image that stays. */
  | { readonly kind: 'cutmix'; readonly lambda: number; readonly box: Box };

/** Random numbers of a batch: which way, the box's middle, and λ's. */
const DRAWS = { each: 3 + BETA_DRAWS, way: 0, x: 1, y: 2, lambda: 3 };

/** How a batch is mixed: its number, the epoch and the seed decide. Undefined in epochs that are not mixed. */
export function mixOf(
  { mixup = 0, cutmix = 0, epochs = Infinity }: Mixing,
  seed: number,
  { epoch, step, size }: BatchPlace,
): Mix | undefined {
  if (epoch >= epochs || mixup + cutmix === 0) return undefined;
  const random = uniformSource(seed, 'mixing');
  const draw = (what: number): number => random(epoch, step * DRAWS.each + what);
  const isCut = mixup === 0 || (cutmix > 0 && draw(DRAWS.way) < 0.5);
  const lambda = betaNumber(isCut ? cutmix : mixup, (what) => draw(DRAWS.lambda + what));
  if (!isCut) return { kind: 'mixup', lambda };
  const box = cutBox(size, lambda, [draw(DRAWS.x), draw(DRAWS.y)]);
  return { kind: 'cutmix', lambda: 1 - (box.width * box.height) / (size * size), box };
}

/**
 * The part that CutMix replaces (torchvision's): a square of the area 1 − λ about a random middle, as far as it is in the image.
 *
 * @param middle column and row as shares in [0, 1)
 */
export function cutBox(size: number, lambda: number, middle: readonly [number, number]): Box {
  const half = Math.trunc(0.5 * Math.sqrt(1 - lambda) * size);
  const [x, y] = [Math.floor(middle[0] * size), Math.floor(middle[1] * size)];
  const [left, top] = [Math.max(0, x - half), Math.max(0, y - half)];
  return { left, top, width: Math.min(size, x + half) - left, height: Math.min(size, y + half) - top };
}

/**
 * Mixes a batch's images in place.
 *
 * @param images [N, C, size, size]
 * @param size height and width
 */
export function mixImages(images: Float32Array, count: number, size: number, mix: Mix): void {
  const length = images.length / count;
  const last = images.slice((count - 1) * length);
  for (let n = count - 1; n >= 0; n--) {
    const image = images.subarray(n * length, (n + 1) * length);
    const other = n > 0 ? images.subarray((n - 1) * length, n * length) : last;
    if (mix.kind === 'mixup') blendImages(image, other, mix.lambda);
    else pasteBox(image, other, size, mix.box);
  }
}

/** image·λ + other·(1 − λ), every step rounded to 32 bits as torch does. */
function blendImages(image: Float32Array, other: Float32Array, lambda: number): void {
  const [own, rest] = [Math.fround(lambda), Math.fround(1 - lambda)];
  for (let i = 0; i < image.length; i++)
    image[i] = Math.fround(image[i]! * own) + Math.fround(other[i]! * rest);
}

function pasteBox(
  image: Float32Array,
  other: Float32Array,
  size: number,
  { top, left, height, width }: Box,
): void {
  for (let plane = 0; plane < image.length; plane += size * size)
    for (let y = top; y < top + height; y++) {
      const from = plane + y * size + left;
      image.set(other.subarray(from, from + width), from);
    }
}

/** The classes of mixed images. */
export interface MixedClasses {
  /** [N, classes], each row adding up to 1: λ for an image's own class, and 1 − λ for that of the one before it. */
  readonly targets: Float32Array;
  /** The likelier of the two. */
  readonly labels: Int32Array;
}

/** The classes of mixed images; those of images that are not mixed, as distributions, without a `mix`. */
export function mixedClasses(labels: Int32Array, classes: number, mix: Mix | undefined): MixedClasses {
  const lambda = mix?.lambda ?? 1;
  const targets = new Float32Array(labels.length * classes);
  const likelier = labels.map((label, n) => {
    const other = labels.at(n - 1)!;
    targets[n * classes + label]! += lambda;
    targets[n * classes + other]! += 1 - lambda;
    return lambda < 0.5 ? other : label;
  });
  return { targets, labels: likelier };
}
