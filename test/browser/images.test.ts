/** Images of files, decoded by the browser, become what the loaders of Node make of them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp, { type Sharp } from 'sharp';
import { decodeRgb } from '../../src/data/images/decode.js';
import { readImages } from '../../src/data/images/readImages.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { withoutChromium } from './fixtures/chromium.js';
import { withPage } from './fixtures/withPage.js';

const [WIDTH, HEIGHT] = [61, 47];

/** Smooth colours that no symmetry maps to themselves. */
function drawing(): Sharp {
  const data = Buffer.alloc(3 * WIDTH * HEIGHT);
  for (let i = 0; i < data.length; i++) {
    const [channel, pixel] = [i % 3, Math.floor(i / 3)];
    const [x, y] = [pixel % WIDTH, Math.floor(pixel / WIDTH)];
    data[i] = channel === 0 ? 4 * x : channel === 1 ? 5 * y : x + y;
  }
  return sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

/** A PNG of colours that repeat nowhere near, opaque in the left half, transparent and black in the right one if `isHalf`. */
function largeDrawing(width: number, height: number, isHalf = false): Promise<Buffer> {
  const data = Buffer.alloc(4 * width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += 4) {
      if (isHalf && x >= width / 2) continue;
      data[i] = x % 251;
      data[i + 1] = y % 241;
      data[i + 2] = (x >> 8) + (y >> 8);
      data[i + 3] = 255;
    }
  return sharp(data, { raw: { width, height, channels: 4 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Bytes of the image as Node's loader sees it: means 0 and deviations 1/255 undo the scaling. */
async function expectedPixels(path: string, exif: 'apply' | 'ignore'): Promise<number[]> {
  const normalisation = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] };
  const images = await readImages([path], { imageSize: 32, normalisation, exif });
  return Array.from(images, Math.round);
}

describe('image files in a page', { skip: withoutChromium }, () => {
  it('are resized and cut as in Node, turned by their EXIF orientation or not', () =>
    withFolder((folder) =>
      withPage({ isolated: false }, async (page) => {
        for (const format of ['png', 'jpeg', 'webp'] as const) {
          const options = format === 'webp' ? { lossless: true } : {};
          const bytes = await drawing().withMetadata({ orientation: 6 }).toFormat(format, options).toBuffer();
          const path = join(folder, `image.${format}`);
          writeFileSync(path, bytes);
          for (const exif of ['ignore', 'apply'] as const) {
            const expected = await expectedPixels(path, exif);
            const found = await page.pixels(bytes.toString('base64'), `image/${format}`, exif);
            const most = found.reduce((max, value, i) => Math.max(max, Math.abs(value - expected[i]!)), 0);
            // Decoders of JPEG may round differently.
            assert.ok(
              most <= (format === 'jpeg' ? 3 : 0),
              `${format}, EXIF ${exif}: a pixel differs by ${most}`,
            );
          }
        }
      }),
    ));

  // Chromium's canvases have 65,535 pixels a side, Safari's 4096 × 4096.
  for (const [what, width, height, isHalf] of [
    ['wider than a canvas may be', 70_000, 16, false],
    ['higher than a canvas may be', 16, 70_000, false],
    ['of several canvases in both directions', 4160, 4100, false],
    ['with a transparent part of its own canvas', 8192, 16, true],
  ] as const)
    it(`are those of Node for an image ${what}`, () =>
      withPage({ isolated: false }, async (page) => {
        const bytes = await largeDrawing(width, height, isHalf);
        const { data, ...size } = await decodeRgb(bytes, 'large.png');
        const digest = createHash('sha256').update(data).digest('hex');
        const found = await page.digest(bytes.toString('base64'), 'image/png');
        assert.deepEqual(found, [size.width, size.height, digest]);
      }));

  it('are refused where there are more pixels than Node reads', () =>
    withPage({ isolated: false }, async (page) => {
      const black = { width: 9600, height: 9600, channels: 3, background: 'black' } as const;
      const bytes = await sharp({ create: black }).toColourspace('b-w').png().toBuffer();
      await assert.rejects(
        page.digest(bytes.toString('base64'), 'image/png'),
        /the image has 9600 × 9600 pixels: expected 89 million at most/,
      );
    }));

  it('are refused where browsers show other greys than Node reads', () =>
    withPage({ isolated: false }, async (page) => {
      const grey = new Uint16Array(40 * 40).fill(300);
      const bytes = await sharp(grey, { raw: { width: 40, height: 40, channels: 1 } })
        .toColourspace('grey16')
        .png()
        .toBuffer();
      await assert.rejects(page.pixels(bytes.toString('base64'), 'image/png', 'apply'), /16 bits of grey/);
    }));
});
