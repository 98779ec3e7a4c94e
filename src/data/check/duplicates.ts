import type { PartName } from '../folders/partNames.js';
import { areAlike, bandsOf, isFlat, type Signature } from './signature.js';

/** An image that could be read. */
export interface SeenImage {
  /** Its path relative to the data folder. */
  readonly key: string;
  readonly part: PartName;
  /** Name of its class. */
  readonly class: string;
  readonly digest: string;
  readonly signature: Signature;
}

/** Two images that are the same or look alike. */
export interface Duplicate {
  readonly first: string;
  readonly second: string;
}

/** Duplicate images that do harm. */
export interface Duplicates {
  /** The same file in two parts, the training part first. */
  readonly acrossParts: readonly Duplicate[];
  /** The same file in two classes. */
  readonly acrossClasses: readonly Duplicate[];
  /** Images of other parts that look like one of the training part: resized or recompressed. */
  readonly alike: readonly Duplicate[];
}

/** Most images of a band that one is compared with. */
const MOST_COMPARED = 2000;

/** Finds identical files, and images of other parts that look like a training image. */
export function findDuplicates(images: readonly SeenImage[]): Duplicates {
  const train = images.filter(({ part }) => part === 'train');
  const others = images.filter(({ part }) => part !== 'train');
  const firsts = new Map<string, SeenImage>();
  const acrossParts: Duplicate[] = [];
  const acrossClasses: Duplicate[] = [];
  const same = new Set<SeenImage>();
  for (const image of [...train, ...others]) {
    const first = firsts.get(image.digest);
    if (!first) {
      firsts.set(image.digest, image);
      continue;
    }
    const duplicate = { first: first.key, second: image.key };
    if (first.class !== image.class) acrossClasses.push(duplicate);
    if (first.part === image.part) continue;
    acrossParts.push(duplicate);
    same.add(image);
  }
  return {
    acrossParts,
    acrossClasses,
    alike: findAlike(
      train,
      others.filter((image) => !same.has(image)),
    ),
  };
}

function findAlike(train: readonly SeenImage[], others: readonly SeenImage[]): Duplicate[] {
  const bands = new Map<number, SeenImage[]>();
  for (const image of train)
    for (const key of bandKeys(image)) {
      const those = bands.get(key);
      if (those) those.push(image);
      else bands.set(key, [image]);
    }
  return others.flatMap((image): Duplicate[] => {
    for (const key of bandKeys(image)) {
      const near = bands.get(key)?.slice(0, MOST_COMPARED) ?? [];
      const found = near.find((other) => areAlike(image.signature, other.signature));
      if (found) return [{ first: found.key, second: image.key }];
    }
    return [];
  });
}

/** Copies of an image share at least one of these. */
function bandKeys({ signature }: SeenImage): number[] {
  return isFlat(signature) ? [] : bandsOf(signature).map((band, i) => i * 0x10000 + band);
}
