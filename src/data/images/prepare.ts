import { setImmediate } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { mirror } from '../augment/flips.js';
import { type ImageOfEpoch, ImageTransformer } from '../augment/imageTransformer.js';
import type { TrainingTransforms } from '../augment/transforms.js';
import { type ImageTarget, isByteImages, targetAt, writeBytePlanes } from '../byteImages.js';
import type { StoreHandle } from '../cache/imageStore.js';
import { type KeptImage, keepImage, recallImage } from '../cache/keptImage.js';
import { makeGrey } from '../channels.js';
import type { ImageSource } from '../dataset.js';
import type { PreparedPart } from '../pixelPreparer.js';
import type { Preprocessing } from '../preprocessing.js';
import { CutResizer } from './cutResizer.js';
import { decodeRgb } from './decode.js';
import { evaluationCut } from './geometry.js';
import type { RgbImage } from './image.js';
import { readImageFile, readImageSource } from './imageSource.js';
import { jpegDecoder } from './jpeg/jpegDecoder.js';
import { ReusedBytes } from './reusedBytes.js';
import { writePlanes } from './writePlanes.js';

/** Options of a {@link ImagePreparer}. */
export interface PreparerOptions {
  /** Size, cut, interpolation and orientation of the prepared images; means and deviations are in the tables. */
  readonly preprocessing: Pick<Preprocessing, 'imageSize' | 'resizeSize' | 'interpolation' | 'exif'>;
  /**
   * Value of each byte after normalisation: a table of 256 a channel. With one channel images are made grey as
   * Pillow's mode L is, before they are resized.
   */
  readonly tables: Float32Array;
  /** Random crop and changes of training images; without them images are prepared for evaluation. */
  readonly training?: TrainingTransforms | undefined;
  /** Where decoded images are kept. Default: nowhere. */
  readonly store?: StoreHandle | undefined;
}

/** Which images are prepared, and those of them that are kept decoded. */
interface ImagesOfPart extends PreparedPart {
  readonly kept?: readonly (KeptImage | undefined)[] | undefined;
}

/** Images decoded at a time: while one waits for its file or decoder, another is resized. */
const AT_ONCE = 4;

/** Turns encoded images into a model's inputs. */
export class ImagePreparer {
  private readonly transformer: ImageTransformer | undefined;
  private readonly resizer: CutResizer;
  private readonly channels: number;
  private readonly encoded = new ReusedBytes();
  private readonly pixels = new ReusedBytes();

  constructor(private readonly options: PreparerOptions) {
    const { preprocessing, training } = options;
    this.channels = options.tables.length / 256;
    this.resizer = new CutResizer(preprocessing.imageSize, preprocessing.interpolation);
    this.transformer = training && new ImageTransformer(training, preprocessing.imageSize);
  }

  /**
   * Fills `out`. Bytes are still to be mirrored and normalised.
   *
   * @returns images that are kept decoded from now on, at their places
   * @throws UserError for an image that cannot be read, naming it
   */
  async fill(
    out: ImageTarget,
    sources: readonly ImageSource[],
    part: ImagesOfPart,
  ): Promise<(KeptImage | undefined)[]> {
    const { preprocessing, store } = this.options;
    const { imageSize } = preprocessing;
    const added: (KeptImage | undefined)[] = [];
    const length = this.channels * imageSize ** 2;
    let next = 0;
    const work = async (): Promise<void> => {
      for (let n = next++; n < sources.length; n = next++) {
        const which = { epoch: part.epoch, index: part.indices[n]! };
        const place = targetAt(out, n, length);
        const kept = part.kept?.[n];
        if (!store) {
          await this.prepareSource(place, sources[n]!, which);
          continue;
        }
        const image = await (kept ? this.recalled(store, kept) : this.decoded(sources[n]!));
        if (!kept) added[n] = await keepImage(store, image);
        this.prepare(place, image, which);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    return added;
  }

  /**
   * Prepares an image that is not kept. An ordinary JPEG is decoded into memory that the next one overwrites: nothing may
   * be awaited from reading a file to the end.
   */
  private async prepareSource(out: ImageTarget, source: ImageSource, which: ImageOfEpoch): Promise<void> {
    const decoder = jpegDecoder();
    if (!decoder) return this.prepare(out, await this.decoded(source), which);
    // Others have a turn between images; a worker's only task is this.
    if (isMainThread) await setImmediate();
    const { exif } = this.options.preprocessing;
    const encoded = source.remote
      ? await readImageSource(source)
      : readImageFile(source, (length) => this.encoded.of(length));
    const image = decoder.decode(encoded.bytes, exif, (length) => this.pixels.of(length));
    if (image) return this.prepare(out, image, which);
    this.prepare(out, await decodeRgb(encoded.bytes.slice(), encoded.name, exif), which);
  }

  /** An image in memory of its own. */
  private async decoded(source: ImageSource): Promise<RgbImage> {
    const { bytes, name } = await readImageSource(source);
    const { exif } = this.options.preprocessing;
    const image = jpegDecoder()?.decode(bytes, exif, (length) => new Uint8Array(length));
    return image ?? decodeRgb(bytes, name, exif);
  }

  /** A kept image; for grey a copy, as its bytes change. */
  private async recalled(store: StoreHandle, kept: KeptImage): Promise<RgbImage> {
    const image = await recallImage(store, kept);
    return this.channels === 1 ? { ...image, data: image.data.slice() } : image;
  }

  /** Crops, resizes, augments and normalises one image into `out` [C, S, S]; bytes are not normalised. For grey the image's own bytes change. */
  prepare(out: ImageTarget, image: RgbImage, which: ImageOfEpoch): void {
    const transformer = this.transformer;
    const resizer = this.resizer;
    const { imageSize: size, resizeSize } = this.options.preprocessing;
    if (this.channels === 1) makeGrey(image.data);
    if (!transformer) {
      const cut = evaluationCut(image.width, image.height, size, resizeSize);
      this.write(out, { data: resizer.resize(image, cut), width: size, height: size }, false);
      return;
    }
    const data = resizer.resize(image, transformer.cut(image, which));
    const cropped = { data, width: size, height: size };
    const isMirrored = transformer.isMirrored(which);
    // What changes a mirrored image needs it mirrored; otherwise it is while it is written.
    const { changesBytes } = transformer;
    if (isMirrored && changesBytes) mirror(cropped);
    transformer.change(cropped, which);
    this.write(out, cropped, isMirrored && !changesBytes);
    if (!isByteImages(out)) transformer.eraseIn(out, which);
  }

  private write(out: ImageTarget, image: RgbImage, isMirrored: boolean): void {
    if (isByteImages(out)) {
      writeBytePlanes(out.pixels, image.data, this.channels);
      out.placements.set([0, 0, Number(isMirrored)]);
    } else writePlanes(out, image, this.options.tables, isMirrored);
  }
}
