import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { decodeRgb } from '../../../src/data/images/decode.js';
import { formatOf, readImageHeader } from '../../../src/data/images/header.js';
import { MOST_PIXELS } from '../../../src/data/images/image.js';
import { UserError } from '../../../src/errors.js';
import { plainImage } from '../support/images.js';

const ORANGE = [250, 120, 10] as const;

/** The first pixel, and the size. */
async function look(bytes: Uint8Array): Promise<number[]> {
  const { data, width, height } = await decodeRgb(bytes, 'image');
  assert.equal(data.length, 3 * width * height);
  return [data[0]!, data[1]!, data[2]!, width, height];
}

function pngChunk(type: string, content: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(content.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A PNG of one row, from its parts. */
function png(
  header: { width: number; height?: number; bits: number; type: number },
  row: readonly number[],
): Buffer {
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(header.width, 0);
  ihdr.writeUInt32BE(header.height ?? 1, 4);
  ihdr[8] = header.bits;
  ihdr[9] = header.type;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', ihdr),
    pngChunk('IDAT', deflateSync(Uint8Array.from([0, ...row]))),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

async function refused(bytes: Uint8Array, ...patterns: RegExp[]): Promise<void> {
  await assert.rejects(decodeRgb(bytes, 'some/image.jpg'), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(error.message, /^some\/image\.jpg /);
    for (const pattern of patterns) assert.match(error.message, pattern);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

test('PNG, WebP and JPEG give their colours, whatever the file is called', async () => {
  for (const format of ['png', 'webp'] as const)
    assert.deepEqual(await look(await plainImage(format, ORANGE, 6, 4)), [...ORANGE, 6, 4]);
  const [r, g, b] = await look(await plainImage('jpeg', ORANGE, 6, 4));
  assert.ok(Math.abs(r! - 250) + Math.abs(g! - 120) + Math.abs(b! - 10) < 12);
});

test('alpha is dropped, not blended', async () => {
  assert.deepEqual(await look(png({ width: 1, bits: 8, type: 6 }, [...ORANGE, 0])), [...ORANGE, 1, 1]);
  assert.deepEqual(await look(png({ width: 1, bits: 8, type: 4 }, [77, 3])), [77, 77, 77, 1, 1]);
});

test('grey of every depth', async () => {
  assert.deepEqual(await look(png({ width: 1, bits: 8, type: 0 }, [77])), [77, 77, 77, 1, 1]);
  assert.deepEqual(await look(png({ width: 1, bits: 1, type: 0 }, [0x80])), [255, 255, 255, 1, 1]);
  assert.deepEqual(await look(png({ width: 1, bits: 4, type: 0 }, [0x30])), [51, 51, 51, 1, 1]);
});

test('16 bits: colours and grey with alpha keep the upper byte, plain grey is clipped', async () => {
  const rgb = [1, 200, 2, 100, 255, 0];
  assert.deepEqual(await look(png({ width: 1, bits: 16, type: 2 }, rgb)), [1, 2, 255, 1, 1]);
  assert.deepEqual(await look(png({ width: 1, bits: 16, type: 4 }, [9, 200, 1, 1])), [9, 9, 9, 1, 1]);
  const { data } = await decodeRgb(png({ width: 3, bits: 16, type: 0 }, [0, 200, 1, 0, 255, 255]), 'grey');
  assert.deepEqual([...data], [200, 200, 200, 255, 255, 255, 255, 255, 255]);
});

test('EXIF orientation is ignored, as Pillow ignores it', async () => {
  const turned = await sharp(await plainImage('jpeg', ORANGE, 16, 8))
    .withMetadata({ orientation: 6 })
    .toBuffer();
  assert.deepEqual((await look(turned)).slice(3), [16, 8]);
});

test('EXIF orientation is applied where that is asked for: each of the eight, by where the corners come to lie', async () => {
  // Red, green; blue, white: a pixel each.
  const stored = { data: Buffer.from([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]), letters: 'RGBW' };
  const upright = ['RGBW', 'GRWB', 'WBGR', 'BWRG', 'RBGW', 'BRWG', 'WGBR', 'GWRB'];
  for (const [i, expected] of upright.entries()) {
    const turned = sharp(stored.data, { raw: { width: 2, height: 2, channels: 3 } }).withMetadata({
      orientation: i + 1,
    });
    for (const format of ['png', 'tiff'] as const) {
      const bytes = await (format === 'png'
        ? turned.clone().png()
        : turned.clone().tiff({ compression: 'lzw' })
      ).toBuffer();
      const lettersOf = async (exif: 'apply' | 'ignore'): Promise<string> => {
        const { data } = await decodeRgb(bytes, 'image', exif);
        const letters = [0, 1, 2, 3].map((at) => {
          const pixel = [...data.subarray(3 * at, 3 * at + 3)].join();
          return { '255,0,0': 'R', '0,255,0': 'G', '0,0,255': 'B', '255,255,255': 'W' }[pixel];
        });
        return letters.join('');
      };
      assert.equal(await lettersOf('apply'), expected, `${format}, orientation ${i + 1}`);
      // As Pillow, which turns TIFFs while it loads them.
      const ignored = format === 'tiff' ? expected : stored.letters;
      assert.equal(await lettersOf('ignore'), ignored, `${format}, orientation ${i + 1}`);
    }
  }
});

test('formats are told by content; those that are not read are named', async () => {
  const of = (text: string): string | undefined => formatOf(Buffer.from(text.padEnd(32, '\0'), 'latin1'));
  assert.equal(of('\xff\xd8\xff\xe0'), 'JPEG');
  assert.equal(of('GIF89a'), 'GIF');
  assert.equal(of('II*\0'), 'TIFF');
  assert.equal(of('BM\x10\0\0\0\0\0\0\0\x36\0\0\0\x28\0'), 'BMP');
  assert.equal(of('\0\0\0\x1cftypavif'), 'AVIF');
  assert.equal(of('\0\0\0\x18ftypheic'), 'HEIC');
  assert.equal(of('P6 2 2'), 'PNM');
  for (const other of ['BMW, Audi and the others', 'hello, world', '\0\0\0\x18ftypisom', 'Photo', ''])
    assert.equal(of(other), undefined, other);
  await refused(Buffer.from('BM\x10\0\0\0\0\0\0\0\x36\0\0\0\x28\0', 'latin1'), /, found BMP$/);
});

test('CMYK is recognised behind other segments', async () => {
  const cmyk = await sharp(await plainImage('png', ORANGE))
    .toColourspace('cmyk')
    .jpeg()
    .toBuffer();
  const comment = Buffer.from('\xff\xfe\x00\x06\xff\xc0\x00\x00', 'latin1');
  const longer = Buffer.concat([cmyk.subarray(0, 2), comment, cmyk.subarray(2)]);
  for (const bytes of [cmyk, longer]) {
    assert.equal(readImageHeader(bytes)?.pixels, 'cmyk');
    assert.equal((await decodeRgb(bytes, 'cmyk')).data.length, 192);
  }
});

test('what is empty, truncated, damaged or no image is one sentence that names the file', async () => {
  await refused(new Uint8Array(0), /is empty/);
  await refused(Buffer.from('hello, world'), /expected JPEG, PNG, WebP, GIF or TIFF/);
  await refused(
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
    /expected JPEG, PNG, WebP, GIF or TIFF/,
  );
  for (const format of ['jpeg', 'png', 'webp'] as const) {
    const noise = sharp({
      create: {
        width: 64,
        height: 64,
        channels: 3,
        background: 'black',
        noise: { type: 'gaussian', mean: 128, sigma: 50 },
      },
    });
    const bytes = await noise.toFormat(format).toBuffer();
    await decodeRgb(bytes, format);
    await refused(bytes.subarray(0, bytes.length / 2), /cannot be decoded as/);
    await refused(bytes.subarray(0, 20), /cannot be decoded as/);
  }
  const flipped = png({ width: 1, bits: 8, type: 2 }, [1, 2, 3]);
  flipped[45]! ^= 0xff;
  await refused(flipped, /cannot be decoded as PNG/);
});

test('a decompression bomb is refused by its size, before it is decoded', async () => {
  const side = Math.ceil(Math.sqrt(MOST_PIXELS)) + 1;
  const begin = performance.now();
  await refused(
    png({ width: side, height: side, bits: 8, type: 2 }, [0]),
    /cannot be decoded/,
    /pixel limit/,
  );
  assert.ok(performance.now() - begin < 1000);
});

test('headers of any bytes are read without fault', () => {
  for (let length = 0; length < 40; length++) {
    readImageHeader(Buffer.from([0xff, 0xd8, 0xff, ...new Array<number>(length).fill(0xff)]));
    assert.equal(readImageHeader(Buffer.alloc(length)), undefined);
  }
});
