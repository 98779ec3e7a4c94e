import { uniformSource } from '../../random.js';
import { makeGrey } from '../channels.js';
import type { ImageSource } from '../dataset.js';
import type { Augmentation } from '../loaderCalls.js';
import type { Preprocessing } from '../preprocessing.js';
import { jitterColours } from './colourJitter.js';
import { CutResizer } from './cutResizer.js';
import { decodeRgb } from './decode.js';
import { evaluationCut, trainingCut } from './geometry.js';
import type { RgbImage } from './image.js';
import { readImageSource } from './imageSource.js';

/** Options of a {@link ImagePreparer}. */
export interface PreparerOptions {
  /** Size, cut and orientation of the prepared images; means and deviations are in the tables. */
  readonly preprocessing: Pick<Preprocessing, 'imageSize' | 'resizeSize' | 'exif'>;
  /**
   * Value of each byte after normalisation: a table of 256 a channel. With one channel images are made grey as
   * Pillow's mode L is, before they are resized.
   */
  readonly tables: Float32Array;
  /** Augmentation of training images; without it images are prepared for evaluation. */
  readonly augmentation?: Augmentation | undefined;
}

/** Which images are prepared. */
export interface PreparedPart {
  readonly epoch: number;
  /** Index of each in its set, on which its augmentation depends. */
  readonly indices: Uint32Array;
}

/** Images decoded at a time: while one waits for its file or decoder, another is resized. */
const AT_ONCE = 4;

/** Random numbers of an image: 40 for the crop, then flip and colours. */
const DRAWS = 64;
const FLIP = 40;
const COLOURS = 41;

/** Turns encoded images into a model's float inputs. */
export class ImagePreparer {
  private readonly random: ((epoch: number, counter: number) => number) | undefined;
  private readonly resizer: CutResizer;
  private readonly channels: number;

  constructor(private readonly options: PreparerOptions) {
    const { preprocessing, augmentation } = options;
    this.channels = options.tables.length / 256;
    this.resizer = new CutResizer(preprocessing.imageSize);
    this.random = augmentation && uniformSource(augmentation.seed, 'augment');
  }

  /**
   * Fills `out` [N, C, S, S].
   *
   * @throws UserError for an image that cannot be read, naming it
   */
  async fill(out: Float32Array, sources: readonly ImageSource[], part: PreparedPart): Promise<void> {
    const { imageSize, exif } = this.options.preprocessing;
    const length = this.channels * imageSize ** 2;
    let next = 0;
    const work = async (): Promise<void> => {
      for (let n = next++; n < sources.length; n = next++) {
        const { bytes, name } = await readImageSource(sources[n]!);
        const image = await decodeRgb(bytes, name, exif);
        this.prepare(out.subarray(n * length, (n + 1) * length), image, part.epoch, part.indices[n]!);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** Crops, resizes, augments and normalises one image into `out` [C, S, S]. For grey the image's own bytes change. */
  prepare(out: Float32Array, image: RgbImage, epoch: number, index: number): void {
    const { preprocessing, tables, augmentation } = this.options;
    const { imageSize, resizeSize } = preprocessing;
    const { width, height } = image;
    if (this.channels === 1) makeGrey(image.data);
    const random = this.random;
    if (!random) {
      const rgb = this.resizer.resize(image, evaluationCut(width, height, imageSize, resizeSize));
      writeNormalised(out, rgb, imageSize, tables, false);
      return;
    }
    const draw = (what: number): number => random(epoch, index * DRAWS + what);
    const rgb = this.resizer.resize(image, trainingCut(width, height, imageSize, draw));
    const jitter = augmentation?.colourJitter;
    if (jitter) jitterColours(rgb, jitter, (what) => draw(COLOURS + what));
    writeNormalised(out, rgb, imageSize, tables, draw(FLIP) < 0.5);
  }
}

/** Bytes [S, S, 3] as normalised planes [C, S, S]. */
function writeNormalised(
  out: Float32Array,
  rgb: Uint8Array,
  size: number,
  tables: Float32Array,
  mirrored: boolean,
): void {
  const plane = size * size;
  const channels = tables.length / 256;
  const step = mirrored ? -1 : 1;
  let i = 0;
  for (let y = 0; y < size; y++) {
    let o = y * size + (mirrored ? size - 1 : 0);
    for (let x = 0; x < size; x++, i += 3, o += step) {
      out[o] = tables[rgb[i]!]!;
      if (channels === 1) continue;
      out[o + plane] = tables[256 + rgb[i + 1]!]!;
      out[o + 2 * plane] = tables[512 + rgb[i + 2]!]!;
    }
  }
}
