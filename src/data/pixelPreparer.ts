import { uniformSource } from '../random.js';
import { ImageTransformer } from './augment/imageTransformer.js';
import { DEFAULT_FLIP, DEFAULT_PADDING, type TrainingTransforms } from './augment/transforms.js';
import { type ByteImages, writeBytePlanes } from './byteImages.js';
import type { Normalisation, PixelDataset } from './dataset.js';
import { normalisationTables, writeNormalised } from './normalise.js';

/** Which images make a batch, or a part of one. */
export interface PreparedPart {
  readonly epoch: number;
  /** Index of each in its set, plus a multiple of their number where one comes again: its random changes depend on it. */
  readonly indices: Uint32Array;
}

/** Where an image lies in a set, and which part of it is shown. */
interface Placement {
  /** Its first byte. */
  readonly start: number;
  readonly top: number;
  readonly left: number;
  readonly isMirrored: boolean;
}

/** Random numbers of an image: where the crop is, and whether it is mirrored. */
const DRAWS = { each: 4, top: 0, left: 1, flip: 2 };

/** Turns images in memory into a model's float inputs. */
export class PixelPreparer {
  private readonly tables: Float32Array;
  private readonly channels: number;
  private readonly random: ((epoch: number, counter: number) => number) | undefined;
  private readonly transformer: ImageTransformer | undefined;
  private readonly rgb: Uint8Array;

  /**
   * @param dataset its pixels are those of all images, and have as many channels as there are means
   * @param training random changes; without them images stay as they are
   */
  constructor(
    private readonly dataset: Pick<PixelDataset, 'pixels' | 'imageSize'>,
    normalisation: Normalisation,
    private readonly training?: TrainingTransforms | undefined,
  ) {
    const { imageSize } = dataset;
    this.tables = normalisationTables(normalisation);
    this.channels = normalisation.mean.length;
    this.random = training && uniformSource(training.seed, 'augment');
    this.transformer = training && new ImageTransformer(training, imageSize);
    this.rgb = new Uint8Array(this.transformer?.changesBytes ? 3 * imageSize ** 2 : 0);
  }

  /** Fills `out` [N, C, S, S]. Padding is 0 before normalisation, as in torchvision. */
  fill(out: Float32Array, { epoch, indices }: PreparedPart): void {
    const { transformer } = this;
    const { imageSize: size } = this.dataset;
    const length = this.channels * size ** 2;
    const count = this.dataset.pixels.length / length;
    indices.forEach((index, n) => {
      const image = out.subarray(n * length, (n + 1) * length);
      const placement = this.placementOf(epoch, index, (index % count) * length);
      if (transformer?.changesBytes) {
        this.cropToRgb(placement);
        transformer.change({ data: this.rgb, width: size, height: size }, { epoch, index });
        writeNormalised(image, this.rgb, this.tables);
      } else this.cropNormalised(image, placement);
      transformer?.eraseIn(image, { epoch, index });
    });
  }

  /** Fills `out` with images that are to be cropped, mirrored and normalised as {@link fill} does it. */
  fillBytes({ pixels, placements }: ByteImages, { epoch, indices }: PreparedPart): void {
    const { transformer } = this;
    const { imageSize: size, pixels: all } = this.dataset;
    const length = this.channels * size ** 2;
    const count = all.length / length;
    indices.forEach((index, n) => {
      const image = pixels.subarray(n * length, (n + 1) * length);
      const placement = this.placementOf(epoch, index, (index % count) * length);
      if (transformer?.changesBytes) {
        this.cropToRgb(placement);
        transformer.change({ data: this.rgb, width: size, height: size }, { epoch, index });
        writeBytePlanes(image, this.rgb, this.channels);
        placements.fill(0, 3 * n, 3 * (n + 1));
      } else {
        const { start, top, left, isMirrored } = placement;
        image.set(all.subarray(start, start + length));
        placements.set([top, left, Number(isMirrored)], 3 * n);
      }
    });
  }

  private placementOf(epoch: number, index: number, start: number): Placement {
    const random = this.random;
    const training = this.training;
    if (!random || !training) return { start, top: 0, left: 0, isMirrored: false };
    const { padding = DEFAULT_PADDING, horizontalFlip = DEFAULT_FLIP } = training.transforms ?? {};
    const draw = (what: number): number => random(epoch, index * DRAWS.each + what);
    const offset = (what: number): number => Math.floor(draw(what) * (2 * padding + 1)) - padding;
    const isMirrored = draw(DRAWS.flip) < horizontalFlip;
    return { start, top: offset(DRAWS.top), left: offset(DRAWS.left), isMirrored };
  }

  private cropNormalised(out: Float32Array, { start, top, left, isMirrored }: Placement): void {
    const { tables, dataset } = this;
    const { pixels, imageSize: size } = dataset;
    let o = 0;
    for (let channel = 0; channel < this.channels; channel++) {
      const table = channel << 8;
      const outside = tables[table]!;
      for (let y = top; y < top + size; y++) {
        const row = start + (channel * size + y) * size;
        for (let i = 0; i < size; i++) {
          const x = left + (isMirrored ? size - 1 - i : i);
          const inside = y >= 0 && y < size && x >= 0 && x < size;
          out[o++] = inside ? tables[table + pixels[row + x]!]! : outside;
        }
      }
    }
  }

  /** Grey gives three equal colours. */
  private cropToRgb({ start, top, left, isMirrored }: Placement): void {
    const { rgb, dataset, channels } = this;
    const { pixels, imageSize: size } = dataset;
    const plane = channels === 1 ? 0 : size * size;
    let o = 0;
    for (let y = top; y < top + size; y++) {
      for (let i = 0; i < size; i++, o += 3) {
        const x = left + (isMirrored ? size - 1 - i : i);
        const inside = y >= 0 && y < size && x >= 0 && x < size;
        const at = start + y * size + x;
        rgb[o] = inside ? pixels[at]! : 0;
        rgb[o + 1] = inside ? pixels[at + plane]! : 0;
        rgb[o + 2] = inside ? pixels[at + 2 * plane]! : 0;
      }
    }
  }
}
