import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { PixelDataset } from '../../src/data/dataset.js';
import { UserError } from '../../src/errors.js';
import { loadCifar } from '../../src/index.js';

/** Which pictures of CIFAR-100 are written. */
export interface PicturesOptions {
  /** CIFAR-100 as `train --data-path` takes it. */
  readonly cifar: string;
  readonly classes: readonly string[];
  /** Pictures of each class to train on. */
  readonly perClass: number;
  /** Pictures of each class to test. Default: as many as there are to train on. */
  readonly testPerClass?: number | undefined;
}

/** Writes the first pictures of some classes of CIFAR-100 into `folder`: train/CLASS and val/CLASS, as PNG. */
export async function writePictures(
  folder: string,
  { cifar, classes, perClass, testPerClass = perClass }: PicturesOptions,
): Promise<void> {
  const { train, test } = await loadCifar('cifar100', cifar);
  const unknown = classes.find((name) => !train.classes.includes(name));
  if (unknown !== undefined) throw new UserError(`CIFAR-100 has no class ${unknown}`);
  for (const [part, set, count] of [
    ['train', train, perClass],
    ['val', test, testPerClass],
  ] as const)
    for (const name of classes) await writeClass(join(folder, part, name), set, { name, count });
}

async function writeClass(
  folder: string,
  { classes, labels, pixels, imageSize: size }: PixelDataset,
  { name, count }: { readonly name: string; readonly count: number },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const label = classes.indexOf(name);
  const chosen = [...labels.keys()].filter((i) => labels[i] === label).slice(0, count);
  for (const [n, image] of chosen.entries())
    await sharp(rgbOf(pixels, image, size), { raw: { width: size, height: size, channels: 3 } })
      .png()
      .toFile(join(folder, `${String(n).padStart(3, '0')}.png`));
}

/** Image of a set [N, 3, S, S] as bytes [S, S, 3]. */
function rgbOf(pixels: Uint8Array, image: number, size: number): Uint8Array {
  const plane = size * size;
  return Uint8Array.from(
    { length: 3 * plane },
    (_, i) => pixels[3 * plane * image + plane * (i % 3) + Math.floor(i / 3)]!,
  );
}
