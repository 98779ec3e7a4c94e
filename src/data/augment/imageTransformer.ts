import { uniformSource } from '../../random.js';
import { makeGrey } from '../channels.js';
import { jitterColours } from '../images/colourJitter.js';
import { type Cut, trainingCut } from '../images/geometry.js';
import type { RgbImage } from '../images/image.js';
import { autoAugment } from './autoAugment.js';
import { erase, erasedBox } from './erasing.js';
import { turnOver } from './flips.js';
import { BLUR_SIGMA, blurKernelSize, gaussianBlur } from './gaussianBlur.js';
import { DEFAULT_FLIP, type ImageTransforms, type TrainingTransforms } from './transforms.js';

/** Random numbers of an image in a file: for its crop, its flip and its colours. */
const CROP_DRAWS = { each: 64, flip: 40, colours: 41 };

/** Random numbers of an image for the rest, from each of these on; they are a stream of their own. */
const DRAWS = { each: 128, turn: 0, grey: 1, blur: 2, sigma: 3, erase: 4, box: 5, operations: 64 };

/** Whose random numbers are taken. */
export interface ImageOfEpoch {
  readonly epoch: number;
  /** Its index in the set. */
  readonly index: number;
}

/** Changes images at random; the same image, epoch and seed give the same result. Memory is reused. */
export class ImageTransformer {
  private readonly random: (epoch: number, counter: number) => number;
  private readonly randomCrop: (epoch: number, counter: number) => number;
  private readonly transforms: ImageTransforms;
  private readonly old: Uint8Array;

  /** @param size height and width of the images after the crop */
  constructor(
    { seed, transforms = {} }: TrainingTransforms,
    private readonly size: number,
  ) {
    this.transforms = transforms;
    this.random = uniformSource(seed, 'transforms');
    this.randomCrop = uniformSource(seed, 'augment');
    this.old = new Uint8Array(transforms.autoAugment ? 3 * size * size : 0);
  }

  /** The random crop of an image in a file. */
  cut({ width, height }: RgbImage, which: ImageOfEpoch): Cut {
    const draw = (what: number): number => this.drawCrop(which, what);
    return trainingCut(width, height, this.size, draw, this.transforms.cropScale);
  }

  /** Whether an image in a file is mirrored. */
  isMirrored(which: ImageOfEpoch): boolean {
    return this.drawCrop(which, CROP_DRAWS.flip) < (this.transforms.horizontalFlip ?? DEFAULT_FLIP);
  }

  /** Whether {@link change} does anything. */
  get changesBytes(): boolean {
    const { verticalFlip = 0, autoAugment: auto, colourJitter, greyscale = 0, blur = 0 } = this.transforms;
    return verticalFlip + greyscale + blur > 0 || auto !== undefined || colourJitter !== undefined;
  }

  /** The changes of an image's bytes after crop and horizontal flip, in place. */
  change(image: RgbImage, which: ImageOfEpoch): void {
    const { verticalFlip = 0, autoAugment: auto, colourJitter, greyscale = 0, blur = 0 } = this.transforms;
    const draw = (what: number): number => this.draw(which, what);
    if (draw(DRAWS.turn) < verticalFlip) turnOver(image);
    if (auto) autoAugment(image, auto, (what) => draw(DRAWS.operations + what), this.old);
    if (colourJitter)
      jitterColours(image.data, colourJitter, (what) => this.drawCrop(which, CROP_DRAWS.colours + what));
    if (draw(DRAWS.grey) < greyscale) makeGrey(image.data);
    if (draw(DRAWS.blur) < blur) {
      const [least, most] = BLUR_SIGMA;
      gaussianBlur(image, blurKernelSize(this.size), least + (most - least) * draw(DRAWS.sigma));
    }
  }

  /** Erases a part of a normalised image [C, size, size], if it is this image's turn. */
  eraseIn(image: Float32Array, which: ImageOfEpoch): void {
    if (this.draw(which, DRAWS.erase) >= (this.transforms.erase ?? 0)) return;
    const box = erasedBox(this.size, (what) => this.draw(which, DRAWS.box + what));
    if (box) erase(image, this.size, box);
  }

  private draw({ epoch, index }: ImageOfEpoch, what: number): number {
    return this.random(epoch, index * DRAWS.each + what);
  }

  private drawCrop({ epoch, index }: ImageOfEpoch, what: number): number {
    return this.randomCrop(epoch, index * CROP_DRAWS.each + what);
  }
}
