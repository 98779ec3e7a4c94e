import type { PixelDataset } from '../../../data/dataset.js';
import { IMAGENET_NORMALISATION } from '../../../data/dataset.js';
import { decodeImageFile } from '../../../data/images/pageImages.js';
import { pixelSet } from '../../../data/images/pixelSet.js';
import { imagenetResizeSize, type Preprocessing } from '../../../data/preprocessing.js';
import { syntheticDataset } from '../../../data/synthetic.js';
import { UserError } from '../../../errors.js';
import type { TrainingData } from './plan.js';

/** Images of a class. */
export interface ImageClass {
  readonly id: number;
  readonly name: string;
  readonly images: readonly File[];
}

/** Every so many images of a class one is kept for testing. */
const TEST_EVERY = 5;

/** Pixels of a generated image's height and width. */
export const GENERATED_SIZE = 32;

/** Whether image `i` of a class is kept for testing: of each class at least one. */
function isForTest(i: number, count: number): boolean {
  return i % TEST_EVERY === TEST_EVERY - 1 || (count < TEST_EVERY && i === count - 1);
}

/**
 * Decodes the images of classes, resizes and crops them as evaluation does; every fifth of a class is for testing.
 *
 * @param onProgress is given the number of images that are decoded
 * @throws UserError when an image cannot be decoded, or there are too few classes or images
 */
export async function dataOfClasses(
  classes: readonly ImageClass[],
  imageSize: number,
  onProgress: (decoded: number) => void,
): Promise<TrainingData> {
  checkClasses(classes);
  const names = classes.map(({ name }) => name.trim());
  const [train, test] = [new SetBuilder(names, imageSize), new SetBuilder(names, imageSize)];
  let decoded = 0;
  for (const [label, { images }] of classes.entries())
    for (const [i, file] of images.entries()) {
      // One at a time: photographs are large, and what is kept of them is small.
      await (isForTest(i, images.length) ? test : train).add(file, label);
      onProgress(++decoded);
    }
  const preprocessing: Preprocessing = {
    ...IMAGENET_NORMALISATION,
    imageSize,
    resizeSize: imagenetResizeSize(imageSize),
    interpolation: 'bilinear',
    exif: 'apply',
  };
  return { sets: { train: train.build('the images'), test: test.build('the test images') }, preprocessing };
}

function checkClasses(classes: readonly ImageClass[]): void {
  if (classes.length < 2) throw new UserError('there must be two classes or more');
  for (const { name, images } of classes) {
    if (name.trim() === '') throw new UserError('every class needs a name');
    if (images.length < 2)
      throw new UserError(`${name} needs two images or more: one to train on, one to test with`);
    if (classes.filter((other) => other.name.trim() === name.trim()).length > 1)
      throw new UserError(`two classes are called ${name.trim()}`);
  }
}

/** Gathers images of a set. */
class SetBuilder {
  private readonly pixels: Uint8Array[] = [];
  private readonly labels: number[] = [];

  constructor(
    private readonly classes: readonly string[],
    private readonly imageSize: number,
  ) {}

  async add(file: File, label: number): Promise<void> {
    const image = await decodeImageFile(file, 'apply');
    const options = { name: file.name, classes: this.classes, imageSize: this.imageSize };
    this.pixels.push(pixelSet([{ image, label }], options).pixels);
    this.labels.push(label);
  }

  build(name: string): PixelDataset {
    const { labels } = this;
    const [classes, imageSize] = [this.classes, this.imageSize];
    const length = 3 * imageSize ** 2;
    const pixels = new Uint8Array(labels.length * length);
    for (const [i, image] of this.pixels.entries()) pixels.set(image, i * length);
    return {
      kind: 'pixels',
      ...{ name, classes, imageSize, pixels },
      count: labels.length,
      labels: Int32Array.from(labels),
      normalisation: IMAGENET_NORMALISATION,
    };
  }
}

/** Generated images of ten classes of shapes. @param count training images; a fifth as many are for testing */
export function generatedData(count: number, seed: number): TrainingData {
  const { train, test } = syntheticDataset({ train: count, test: Math.ceil(count / TEST_EVERY), seed });
  const { mean, std } = train.normalisation;
  const imageSize = GENERATED_SIZE;
  return {
    sets: { train: withOwnPixels(train), test: withOwnPixels(test) },
    preprocessing: { mean, std, imageSize, resizeSize: imageSize, interpolation: 'bilinear', exif: 'apply' },
  };
}

/** Shared memory cannot be stored. */
function withOwnPixels(set: PixelDataset): PixelDataset {
  return { ...set, pixels: new Uint8Array(set.pixels) };
}
