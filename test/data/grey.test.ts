import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { luma, normalisationFor, withChannels } from '../../src/data/channels.js';
import { type PixelDataset, sharedBytes } from '../../src/data/dataset.js';
import { readImages } from '../../src/data/images/readImages.js';
import { Loader } from '../../src/data/loader.js';
import { syntheticDataset } from '../../src/data/synthetic.js';
import { withFolder } from '../train/fixtures/tiny.js';

const NORMALISATION = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] };

describe('grey images', () => {
  it('have the brightness of Pillow’s mode L', () => {
    // Of PIL.Image.new('RGB', (1, 1), colour).convert('L').getpixel((0, 0)).
    for (const [[red, green, blue], grey] of [
      [[255, 0, 0], 76],
      [[0, 255, 0], 150],
      [[0, 0, 255], 29],
      [[12, 200, 90], 131],
      [[77, 77, 77], 77],
      [[255, 255, 255], 255],
    ] as const)
      assert.equal(luma(red, green, blue), grey);
  });

  it('are read from colour files as one channel', async () => {
    await withFolder(async (folder) => {
      const size = 16;
      const rgb = Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * 37 + (i >> 3)) & 255);
      const path = join(folder, 'colours.png');
      writeFileSync(
        path,
        await sharp(rgb, { raw: { width: size, height: size, channels: 3 } })
          .png()
          .toBuffer(),
      );
      const grey = Uint8Array.from({ length: size * size }, (_, i) =>
        luma(rgb[3 * i]!, rgb[3 * i + 1]!, rgb[3 * i + 2]!),
      );
      const greyPath = join(folder, 'grey.png');
      writeFileSync(
        greyPath,
        await sharp(grey, { raw: { width: size, height: size, channels: 1 } })
          .png()
          .toBuffer(),
      );
      const options = { imageSize: 14, normalisation: NORMALISATION };
      const found = await readImages([path, greyPath], { ...options, channels: 1 });
      assert.equal(found.length, 2 * 14 * 14);
      assert.deepEqual(found.subarray(0, 196), found.subarray(196));
      // The same as the grey file in colour, whose three planes are alike.
      const colour = await readImages([greyPath], options);
      assert.deepEqual(found.subarray(196), colour.subarray(0, 196));
      assert.ok(new Set(found).size > 20);
    });
  });
});

describe('images in memory', () => {
  it('become grey where the model takes one channel', async () => {
    const { train } = syntheticDataset({ train: 8, test: 1 });
    const plane = train.imageSize ** 2;
    const loader = new Loader(train, { batchSize: 4, imageSize: train.imageSize, channels: 1 });
    try {
      const { value: batch } = await loader.epoch(0).next();
      assert.equal(batch.images.length, 4 * plane);
      const [r, g, b] = [0, plane, 2 * plane].map((at) => train.pixels[at + 5]!);
      assert.equal(batch.images[5], Math.fround((luma(r!, g!, b!) / 255 - 0.5) / 0.25));
    } finally {
      await loader.close();
    }
  });

  it('stay grey where the set is grey, and are repeated for a model of colours', () => {
    const pixels = sharedBytes(2 * 4);
    pixels.set([1, 2, 3, 4, 5, 6, 7, 8]);
    const grey: PixelDataset = {
      ...{ kind: 'pixels', name: 'grey', classes: ['a', 'b'], count: 2, imageSize: 2, channels: 1, pixels },
      ...{ labels: new Int32Array(2), normalisation: { mean: [0.5], std: [0.2] } },
    };
    assert.equal(withChannels(grey, 1), grey);
    const colours = withChannels(grey, 3);
    assert.deepEqual([...colours.pixels.subarray(0, 12)], [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4]);
    assert.deepEqual(normalisationFor(grey.normalisation, 3).mean, [0.5, 0.5, 0.5]);
    assert.deepEqual([...withChannels(colours, 1).pixels], [...pixels]);
    assert.throws(() => withChannels(grey, 2), /grey has images of 1 channels, but the model takes 2/);
  });
});
