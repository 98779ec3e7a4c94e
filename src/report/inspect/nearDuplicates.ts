import { uniformSource } from '../../random.js';
import { correlation, type ImageVectors } from './imageVectors.js';

/** The neighbour of an image whose distance is the measure of what is near: the tenth, so that it is not a copy itself. */
const NEIGHBOURS = 10;

/** Share of that distance within which another image may be a copy. */
const NEAR = 0.5;

/** Least correlation of the thumbnails of two copies. */
const ALIKE = 0.95;

/** Features with more channels are projected at random onto so many: distances change by a few percent. */
const DIMENSIONS = 128;

/**
 * Groups of images that are nearly the same: resized, recompressed, brightened, mirrored. Their features are nearer to each
 * other than to those of other images, and their thumbnails correlate: a trained model's features alone are near for any images of
 * a class.
 *
 * @param channels channels of the images
 * @returns numbers of images, in order, at least two a group
 */
export function nearDuplicates({ features, thumbnails }: ImageVectors, channels: number): number[][] {
  const groupOf = features.map((_, i) => i);
  const root = (i: number): number => (groupOf[i] === i ? i : root(groupOf[i]!));
  for (const [i, neighbours] of nearestOf(directionsOf(features)).entries()) {
    const reach = NEAR * (neighbours.at(-1)?.distance ?? 0);
    for (const { image, distance } of neighbours) {
      if (distance > reach) break;
      if (correlation(thumbnails[i]!, thumbnails[image]!, channels) < ALIKE) continue;
      const [a, b] = [root(i), root(image)];
      groupOf[Math.max(a, b)] = Math.min(a, b);
    }
  }
  const groups: number[][] = features.map(() => []);
  for (const i of features.keys()) groups[root(i)]!.push(i);
  return groups.filter((group) => group.length > 1);
}

interface Neighbour {
  readonly image: number;
  readonly distance: number;
}

/** The images nearest to each, the nearest first, at most {@link NEIGHBOURS} of them. */
function nearestOf(rows: readonly Float32Array[]): Neighbour[][] {
  const nearest: Neighbour[][] = rows.map(() => []);
  for (let i = 0; i < rows.length; i++)
    for (let j = i + 1; j < rows.length; j++) {
      const distance = distanceOf(rows[i]!, rows[j]!);
      insert(nearest[i]!, { image: j, distance });
      insert(nearest[j]!, { image: i, distance });
    }
  return nearest;
}

function distanceOf(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) {
    const difference = a[k]! - b[k]!;
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}

function insert(list: Neighbour[], neighbour: Neighbour): void {
  if (list.length === NEIGHBOURS && neighbour.distance >= list.at(-1)!.distance) return;
  if (list.length === NEIGHBOURS) list.pop();
  let at = list.length;
  while (at > 0 && list[at - 1]!.distance > neighbour.distance) at--;
  list.splice(at, 0, neighbour);
}

/** Features without their mean over the images, of length 1. */
function directionsOf(features: readonly Float32Array[]): Float32Array[] {
  const projected = projectedRows(features);
  const mean = new Float64Array(projected[0]?.length ?? 0);
  for (const row of projected) for (const [k, value] of row.entries()) mean[k]! += value / projected.length;
  return projected.map((row) => {
    const centred = row.map((value, k) => value - mean[k]!);
    const length = Math.hypot(...centred);
    return length === 0 ? centred : centred.map((value) => value / length);
  });
}

/** Each row multiplied by a matrix of random signs, the same in every call, if it has more than {@link DIMENSIONS} values. */
function projectedRows(rows: readonly Float32Array[]): readonly Float32Array[] {
  const width = rows[0]?.length ?? 0;
  if (width <= DIMENSIONS) return rows;
  const random = uniformSource(0, 'projection');
  const signs = Float32Array.from({ length: DIMENSIONS * width }, (_, i) => (random(i) < 0.5 ? -1 : 1));
  return rows.map((row) =>
    Float32Array.from({ length: DIMENSIONS }, (_, d) => {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += signs[d * width + k]! * row[k]!;
      return sum;
    }),
  );
}
