import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { test } from 'node:test';
import { imageFolder } from '../../src/data/folders/imageFolder.js';
import { Loader } from '../../src/data/loader.js';
import { sharedPath, skipWithoutShared } from '../support/shared.js';

const SAMPLE = ['data', 'imagenet-sample'];
const SIZE = 224;

/** What Pillow made of the images. */
interface Expected {
  readonly classes: string[];
  readonly positions_yx: [number, number][];
  readonly images: { file: string; label: number; mean_rgb: number[]; pixels: [number, number, number][] }[];
}

test('ImageNet images are resized and cropped to Pillow’s pixels, to the bit', {
  skip: skipWithoutShared(...SAMPLE),
}, async () => {
  const expected: Expected = JSON.parse(readFileSync(sharedPath(...SAMPLE, 'expected.json'), 'utf8'));
  const folder = sharedPath(...SAMPLE, 'val');
  const dataset = imageFolder(folder);
  assert.deepEqual(dataset.classes, expected.classes);
  const { mean, std } = dataset.normalisation;
  const loader = new Loader(dataset, { batchSize: 32, imageSize: SIZE });
  let index = 0;
  for await (const { images, labels, count } of loader.epoch(0)) {
    for (let n = 0; n < count; n++, index++) {
      const image = expected.images[index]!;
      assert.equal(relative(folder, dataset.source(index).path), image.file);
      assert.equal(labels[n], image.label);
      for (let c = 0; c < 3; c++) {
        const plane = images.subarray((n * 3 + c) * SIZE * SIZE, (n * 3 + c + 1) * SIZE * SIZE);
        const byte = (x: number): number => Math.abs(Math.round((x * std[c]! + mean[c]!) * 255));
        for (const [p, [y, x]] of expected.positions_yx.entries())
          assert.equal(byte(plane[y * SIZE + x]!), image.pixels[p]![c], `${image.file} at ${y}, ${x}`);
        const average = plane.reduce((sum, value) => sum + byte(value), 0) / plane.length;
        assert.ok(Math.abs(average - image.mean_rgb[c]!) < 1e-3, `${image.file}: mean of channel ${c}`);
      }
    }
  }
  await loader.close();
  assert.equal(index, expected.images.length);
});
