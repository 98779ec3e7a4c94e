/** Cells of a thumbnail along an axis. */
const GRID = 12;

/** Standard deviation of normalised pixels, in the mean of the cells, below which an image is flat: nothing in it can be compared. */
const FLAT = 0.05;

/** What images are compared by, collected batch by batch. */
export class ImageVectors {
  /** The mean of each channel of an image's features over its positions. */
  readonly features: Float32Array[] = [];
  /** Thumbnails: [C, cells, cells], each channel with mean 0 and the whole of length 1; zeros for a flat image. */
  readonly thumbnails: Float32Array[] = [];

  /**
   * Adds the first `count` images of a batch.
   *
   * @param images [N, C, S, S], normalised
   */
  addImages(
    images: Float32Array,
    count: number,
    { channels, size }: { channels: number; size: number },
  ): void {
    const length = channels * size * size;
    for (let n = 0; n < count; n++)
      this.thumbnails.push(thumbnailOf(images.subarray(n * length, (n + 1) * length), channels, size));
  }

  /** Adds the first `count` rows of pooled features [N, C]. */
  addFeatures(pooled: Float32Array, count: number, batchSize: number): void {
    const length = pooled.length / batchSize;
    for (let n = 0; n < count; n++) this.features.push(pooled.slice(n * length, (n + 1) * length));
  }
}

function thumbnailOf(image: Float32Array, channels: number, size: number): Float32Array {
  const grid = Math.min(GRID, size);
  const cells = new Float32Array(channels * grid * grid);
  const counts = new Float32Array(cells.length);
  for (let i = 0; i < image.length; i++) {
    const [x, y, c] = [i % size, Math.floor(i / size) % size, Math.floor(i / (size * size))];
    const cell = (c * grid + Math.floor((y * grid) / size)) * grid + Math.floor((x * grid) / size);
    cells[cell]! += image[i]!;
    counts[cell]!++;
  }
  for (let i = 0; i < cells.length; i++) cells[i]! /= counts[i]!;
  for (let c = 0; c < channels; c++) centre(cells.subarray(c * grid * grid, (c + 1) * grid * grid));
  const length = Math.hypot(...cells);
  return length < FLAT * Math.sqrt(cells.length) ? cells.fill(0) : cells.map((value) => value / length);
}

function centre(values: Float32Array): void {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  for (let i = 0; i < values.length; i++) values[i]! -= mean;
}

/** Correlation of two thumbnails, from −1 to 1: as they are or with one mirrored, whichever is higher. */
export function correlation(a: Float32Array, b: Float32Array, channels: number): number {
  const grid = Math.sqrt(a.length / channels);
  let plain = 0;
  let mirrored = 0;
  for (let i = 0; i < a.length; i++) {
    const x = i % grid;
    plain += a[i]! * b[i]!;
    mirrored += a[i]! * b[i - x + grid - 1 - x]!;
  }
  return Math.max(plain, mirrored);
}
