/** Turning pixels by an EXIF orientation, as pages do with WebP. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { rgbOfCanvas } from '../../../src/data/images/canvasPixels.js';
import { decodeRgb } from '../../../src/data/images/decode.js';
import { webpOrientation, withoutExif } from '../../../src/data/images/exif.js';
import { turned } from '../../../src/data/images/turn.js';

const [width, height] = [5, 3];

/** Fifteen different colours in a WebP file with an orientation. */
async function webp(orientation: number): Promise<Uint8Array> {
  const data = Buffer.from(Array.from({ length: 3 * width * height }, (_, i) => (i * 37) % 256));
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return new Uint8Array(await image.withMetadata({ orientation }).webp({ lossless: true }).toBuffer());
}

describe('a WebP image with an EXIF orientation', () => {
  it('is turned as the decoder of Node turns it', async () => {
    for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
      const bytes = await webp(orientation);
      assert.equal(webpOrientation(bytes), orientation);
      const stored = await decodeRgb(bytes, 'stored');
      const rgba = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
        i % 4 === 3 ? 255 : stored.data[3 * Math.floor(i / 4) + (i % 4)]!,
      );
      const found = rgbOfCanvas(turned({ data: rgba, width, height }, orientation));
      const { data, ...size } = await decodeRgb(bytes, 'turned', 'apply');
      assert.deepEqual([found.width, found.height], [size.width, size.height], String(orientation));
      assert.deepEqual([...found.data], [...data], String(orientation));
    }
  });

  it('has none where EXIF says none, is cut short, or was taken away', async () => {
    const bytes = await webp(6);
    const at = Buffer.from(bytes).indexOf('EXIF');
    for (let end = at; end < bytes.length - 1; end++)
      assert.ok([1, 6].includes(webpOrientation(bytes.slice(0, end))), `${end} of ${bytes.length} bytes`);
    assert.equal(webpOrientation(withoutExif(bytes)), 1);
  });
});
