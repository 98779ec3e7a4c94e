import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { imageFolder } from '../../src/data/folders/imageFolder.js';
import { syntheticDataset } from '../../src/data/synthetic.js';
import { withKeys } from '../../src/errors.js';
import { chooseImageSize } from '../../src/runs/imageSizeChoice.js';
import { temporaryFolder } from '../data/support/folder.js';

const image = (width: number, height: number): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background: '#456' } })
    .png()
    .toBuffer();

test('images in files: 64 for a small model and larger images, else the model’s size, in a sentence', async (t) => {
  const setOf = async (...sides: readonly number[]) => {
    const folder = temporaryFolder(t);
    for (const name of ['a', 'b']) mkdirSync(join(folder, name));
    for (const [i, side] of sides.entries())
      for (const name of ['a', 'b'])
        writeFileSync(join(folder, name, `${i}.png`), await image(2 * side, side));
    return imageFolder(folder);
  };
  const choose = async (
    model: 'shufflenetv2' | 'skipblocknet',
    imageSize: number | null,
    ...sides: number[]
  ) => {
    const { imageSize: chosen, notice } = await chooseImageSize({ model, imageSize }, await setOf(...sides));
    return [chosen, notice && withKeys(notice)];
  };
  const end = 'shufflenetv2 was made for 32 (imageSize changes it)';
  assert.deepEqual(await choose('shufflenetv2', null, 40, 100, 120), [
    64,
    `images are prepared at 64×64: the images’ shorter sides are about 100 pixels, and ${end}`,
  ]);
  assert.equal((await choose('shufflenetv2', null, 48))[0], 64);
  assert.deepEqual(await choose('shufflenetv2', null, 30, 47, 300), [
    32,
    `images are prepared at 32×32: the images’ shorter sides are about 47 pixels, and ${end}`,
  ]);
  assert.equal((await choose('skipblocknet', null, 100))[0], 224);
  assert.deepEqual(await choose('shufflenetv2', 40, 100), [40, 'images are prepared at 40×40']);
});

test('images in memory keep their size, without a word', async () => {
  const { train } = syntheticDataset({ train: 2, test: 2 });
  assert.deepEqual(await chooseImageSize({ model: 'skipblocknet', imageSize: null }, train), {
    imageSize: train.kind === 'pixels' ? train.imageSize : undefined,
  });
});
