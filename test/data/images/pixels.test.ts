/** Pixels from code: their number is that of their size, or it is said. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rgbOfCanvas } from '../../../src/data/images/canvasPixels.js';
import { type ModelLabels, prepareImage } from '../../../src/data/images/modelInput.js';
import { pixelSet } from '../../../src/data/images/pixelSet.js';

const [width, height] = [4, 2];
const SIZE = { width, height };
const RGB = Uint8Array.from({ length: 3 * width * height }, (_, i) => 5 * i);
const RGBA = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
  i % 4 === 3 ? 255 : RGB[3 * Math.floor(i / 4) + (i % 4)]!,
);

describe('a set of pixels', () => {
  const setOf = (data: Uint8Array, size = SIZE, channels: 1 | 3 = 3): Uint8Array =>
    pixelSet([{ image: { data, ...size }, label: 0 }], {
      name: 'the drawings',
      classes: ['one'],
      imageSize: 2,
      resizeSize: 2,
      channels,
    }).pixels;

  it('takes red, green and blue, of a canvas without its alpha', () => {
    // Columns 1 and 2 of both rows, by channel.
    const middle = [15, 30, 75, 90];
    assert.deepEqual(
      [...setOf(RGB)],
      [0, 5, 10].flatMap((c) => middle.map((byte) => byte + c)),
    );
    assert.deepEqual(setOf(rgbOfCanvas({ data: RGBA, ...SIZE }).data), setOf(RGB));
  });

  it('refuses other numbers of bytes, and sizes that are none', () => {
    for (const channels of [1, 3] as const) {
      const message = /^image 0 of the drawings has 32 bytes, but 4×2 pixels of red, green, blue are 24$/;
      assert.throws(() => setOf(RGBA, SIZE, channels), { name: 'UserError', message });
      assert.throws(() => setOf(RGB.subarray(1), SIZE, channels), /has 23 bytes, but/);
    }
    assert.throws(
      () => setOf(RGB, { width: 1.5, height: 4 }),
      /has a size of 1\.5×4: expected whole numbers/,
    );
    assert.throws(() => setOf(new Uint8Array(0), { width: 0, height: 4 }), /has a size of 0×4/);
  });
});

describe('an image for an exported model', () => {
  const preprocessing = { imageSize: 2, resizeSize: 2, interpolation: 'bilinear', exif: 'ignore' } as const;
  const labels: ModelLabels = {
    ...preprocessing,
    classes: ['one'],
    input: 'uint8',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  };

  it('is made of the pixels of a canvas', () => {
    const { data, dims } = prepareImage({ data: RGBA, ...SIZE }, labels);
    assert.deepEqual([...data], [15, 20, 25, 30, 35, 40, 75, 80, 85, 90, 95, 100]);
    assert.deepEqual(dims, [1, 2, 2, 3]);
  });

  it('is refused with other numbers of bytes', () => {
    const message = /^the canvas has 24 bytes, but 4×2 pixels of red, green, blue, alpha are 32$/;
    assert.throws(() => prepareImage({ data: RGB, ...SIZE }, labels), { name: 'UserError', message });
    assert.throws(() => prepareImage({ data: RGBA.subarray(0, 8), ...SIZE }, labels), /has 8 bytes, but/);
    assert.throws(() => prepareImage({ data: RGBA, width: 4, height: Number.NaN }, labels), /size of 4×NaN/);
  });

  it('is refused with sizes that are no numbers of pixels', () => {
    for (const key of ['imageSize', 'resizeSize'])
      for (const size of [0, -2, 4.5, undefined]) {
        const described = Object.assign({ ...labels }, { [key]: size });
        assert.throws(() => prepareImage({ data: RGBA, ...SIZE }, described), {
          name: 'UserError',
          message: `${key} must be a whole number of pixels, at least 1, not ${size}`,
        });
      }
  });
});
