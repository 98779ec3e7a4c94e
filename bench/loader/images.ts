import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Dataset, imageFolder, syntheticDataset } from '../../src/index.js';
import { uniformSource } from '../../src/random.js';

/** Size of the images in memory: CIFAR's. */
export const IN_MEMORY = 32;

/** JPEG files that are written where none are given: about ImageNet's average size. */
const FILES = 48;
const [WIDTH, HEIGHT] = [500, 375];

/**
 * Training images: of 32 pixels in memory, of other sizes in files.
 *
 * @param folder a folder of class folders; or an empty one, which generated JPEG files are written to
 */
export async function trainingImages(size: number, folder: string, isGiven: boolean): Promise<Dataset> {
  if (size === IN_MEMORY) return syntheticDataset({ train: 2048, test: 1 }).train;
  if (!isGiven) await writeImages(folder);
  return imageFolder(folder);
}

/** Writes class folders of images of coloured tiles with noise, which JPEG packs about as well as photographs. */
export async function writeImages(folder: string): Promise<void> {
  for (let n = 0; n < FILES; n++) {
    const random = uniformSource(n, 'bench');
    const data = Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)];
      return 220 * random(i % 3, (x >> 5) * 16 + (y >> 5)) + 35 * random(3, i);
    });
    const label = join(folder, n % 2 === 0 ? 'even' : 'odd');
    mkdirSync(label, { recursive: true });
    const image = sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
    writeFileSync(join(label, `${n}.jpg`), await image.jpeg({ quality: 90 }).toBuffer());
  }
}
