import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp, { type JpegOptions } from 'sharp';
import { IMAGENET_NORMALISATION } from '../../../src/data/dataset.js';
import { decodeRgb } from '../../../src/data/images/decode.js';
import type { RgbImage } from '../../../src/data/images/image.js';
import { JpegDecoder } from '../../../src/data/images/jpeg/jpegDecoder.js';
import { findTurboJpeg } from '../../../src/data/images/jpeg/library.js';
import { ImagePreparer } from '../../../src/data/images/prepare.js';
import { ReusedBytes } from '../../../src/data/images/reusedBytes.js';
import { loaderThreads } from '../../../src/data/loaderThreads.js';
import { normalisationTables } from '../../../src/data/normalise.js';
import { UserError } from '../../../src/errors.js';
import { uniformSource } from '../../../src/random.js';
import { formulaImage } from '../support/images.js';

const found = findTurboJpeg();
const skip = 'reason' in found && `no TurboJPEG library: ${found.reason}`;

const SIZES = [
  [1, 1],
  [2, 3],
  [8, 8],
  [15, 16],
  [17, 33],
  [33, 17],
  [64, 47],
] as const;

type Kind = JpegOptions & { readonly grey?: boolean };

const KINDS: readonly Kind[] = [
  { chromaSubsampling: '4:4:4' },
  { chromaSubsampling: '4:2:0' },
  { chromaSubsampling: '4:2:0', optimiseCoding: false },
  { grey: true },
];

/** A tile pattern with noise, so that there is something in every frequency. */
function patterned(width: number, height: number): RgbImage {
  const image = formulaImage(width, height);
  const random = uniformSource(width, 'jpeg');
  image.data.forEach((value, i) => {
    image.data[i] = value * 0.6 + 100 * random(height, i);
  });
  return image;
}

function jpegOf({ data, width, height }: RgbImage, { grey = false, ...options }: Kind): Promise<Buffer> {
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return (grey ? image.toColourspace('b-w') : image).jpeg(options).toBuffer();
}

/** A JPEG with a segment after its first marker. */
function withSegment(jpeg: Uint8Array, marker: number, content: string): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, Buffer.from(content, 'latin1'), jpeg.subarray(2)]);
}

/** With the sampling factors of the first component, and all else, as they are not: the same codes for other blocks. */
function withFrame(jpeg: Uint8Array, change: (frame: Uint8Array) => void): Buffer {
  const changed = Buffer.from(jpeg);
  change(changed.subarray(changed.indexOf(Buffer.from([0xff, 0xc0]))));
  return changed;
}

const decoder = 'handle' in found ? new JpegDecoder(found) : undefined;
const fresh = (length: number): Uint8Array => new Uint8Array(length);
const decode = (bytes: Uint8Array): RgbImage | undefined => decoder!.decode(bytes, 'ignore', fresh);

const equal = async (bytes: Uint8Array, what: string): Promise<void> => {
  const { data, width, height } = await decodeRgb(bytes, what);
  const ours = decode(bytes);
  assert.ok(ours, `${what} is decoded`);
  assert.deepEqual([ours.width, ours.height], [width, height], what);
  assert.ok(Buffer.compare(ours.data, data) === 0, `${what}: other pixels`);
};

test('decoded JPEGs have the bytes that sharp gives: subsampled or not, grey, of odd sizes, of every quality', {
  skip,
}, async () => {
  for (const [width, height] of SIZES)
    for (const kind of KINDS)
      for (const quality of [5, 50, 90, 100]) {
        const bytes = await jpegOf(patterned(width, height), { ...kind, quality });
        await equal(bytes, `${width} × ${height}, ${JSON.stringify(kind)}, quality ${quality}`);
      }
});

test('JPEGs are left to sharp where they are not ordinary: progressive, of CMYK or RGB, other formats', {
  skip,
}, async () => {
  const image = patterned(40, 30);
  const plain = await jpegOf(image, {});
  const pixels = sharp(image.data, { raw: { width: 40, height: 30, channels: 3 } });
  const cases: Record<string, Uint8Array> = {
    progressive: await jpegOf(image, { progressive: true }),
    CMYK: await pixels.clone().toColourspace('cmyk').jpeg().toBuffer(),
    PNG: await pixels.clone().png().toBuffer(),
    'stored as RGB': withSegment(plain, 0xee, 'Adobe\0d\0\0\0\0\0'),
    'a gain map': withSegment(plain, 0xe1, 'http://ns.adobe.com/xap/1.0/\0hdrgm:Version="1.0"'),
    '12 bits': withFrame(plain, (frame) => {
      frame[4] = 12;
    }),
    'arithmetic codes': withFrame(plain, (frame) => {
      frame[1] = 0xc9;
    }),
    'no frame': plain.subarray(0, 20),
    nothing: new Uint8Array(0),
  };
  for (const [what, bytes] of Object.entries(cases)) assert.equal(decode(bytes), undefined, what);
  await equal(withSegment(plain, 0xfe, 'a comment'), 'a comment');
});

test('JPEGs with EXIF data are left to sharp where that is applied', { skip }, async () => {
  const { data } = patterned(16, 8);
  const turned = await sharp(data, { raw: { width: 16, height: 8, channels: 3 } })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();
  await equal(turned, 'turned');
  assert.equal(decoder!.decode(turned, 'apply', fresh), undefined);
});

test('truncated JPEGs are left to sharp, which refuses them', { skip }, async () => {
  const bytes = await jpegOf(patterned(64, 47), {});
  for (const length of [bytes.length - 2, bytes.length - 40, bytes.length >> 1, 300])
    assert.equal(decode(bytes.subarray(0, length)), undefined, `${length} bytes`);
  await equal(bytes, 'decoded after failures');
});

test('JPEGs with flipped bits have sharp’s pixels, or are left to it', { skip }, async () => {
  const random = uniformSource(7, 'flips');
  let decoded = 0;
  for (const [n, kind] of KINDS.entries()) {
    const whole = await jpegOf(patterned(64, 47), { ...kind, quality: 80 });
    for (let i = 0; i < 60; i++) {
      const bytes = Buffer.from(whole);
      bytes[Math.floor(random(n, 2 * i) * bytes.length)]! ^= 1 << (8 * random(n, 2 * i + 1));
      if (!decode(bytes)) continue;
      decoded++;
      await equal(bytes, `${JSON.stringify(kind)}, flip ${i}`);
    }
  }
  assert.ok(decoded > 20, `${decoded} were decoded`);
});

test('pixels are written to the memory that is given, and to no other', { skip }, async () => {
  const [first, second] = await Promise.all([jpegOf(patterned(31, 20), {}), jpegOf(patterned(20, 31), {})]);
  const reused = new ReusedBytes();
  const room = (length: number): Uint8Array => reused.of(length);
  const kept = decode(first)!;
  const before = kept.data.slice();
  const one = decoder!.decode(first, 'ignore', room)!;
  assert.deepEqual(one.data, before);
  const other = decoder!.decode(second, 'ignore', room)!;
  assert.equal(other.data.buffer, one.data.buffer);
  assert.deepEqual(kept.data, before);
});

const tables = normalisationTables(IMAGENET_NORMALISATION);
const preprocessing = { imageSize: 16, resizeSize: 18, interpolation: 'bilinear', exif: 'ignore' } as const;

const inFolder = async (body: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-'));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

test('prepared images of files of several kinds, one after another, are those of each alone', () =>
  inFolder(async (folder) => {
    const sources: { path: string }[] = [];
    const expected: Float32Array[] = [];
    for (let i = 0; i < 12; i++) {
      const image = patterned(20 + 7 * i, 60 - 3 * i);
      const pixels = sharp(image.data, {
        raw: { width: image.width, height: image.height, channels: 3 },
      });
      const bytes = await (i % 4 === 3 ? pixels.png() : pixels.jpeg({ progressive: i % 4 === 2 })).toBuffer();
      sources.push({ path: join(folder, `${i}`) });
      writeFileSync(sources[i]!.path, bytes);
      const alone = new Float32Array(3 * 16 * 16);
      new ImagePreparer({ preprocessing, tables }).prepare(alone, await decodeRgb(bytes, 'image'), {
        epoch: 0,
        index: i,
      });
      expected.push(alone);
    }
    const all = new Float32Array(12 * 3 * 16 * 16);
    const indices = Uint32Array.from(sources, (_, i) => i);
    await new ImagePreparer({ preprocessing, tables }).fill(all, sources, { epoch: 0, indices });
    for (const [i, alone] of expected.entries())
      assert.deepEqual(all.subarray(i * alone.length, (i + 1) * alone.length), alone, `image ${i}`);
  }));

test('images to prepare of a truncated, an empty and a missing file are refused in the usual sentences', () =>
  inFolder(async (folder) => {
    const bytes = await jpegOf(patterned(64, 47), {});
    const path = join(folder, 'image.jpg');
    const refused = (message: RegExp): Promise<void> =>
      assert.rejects(
        new ImagePreparer({ preprocessing, tables }).fill(new Float32Array(768), [{ path }], {
          epoch: 0,
          indices: new Uint32Array(1),
        }),
        (error) => error instanceof UserError && message.test(error.message),
      );
    await refused(/image\.jpg cannot be read: ENOENT/);
    writeFileSync(path, bytes.subarray(0, bytes.length >> 1));
    const sentence = await decodeRgb(bytes.subarray(0, bytes.length >> 1), path).catch(String);
    await refused(new RegExp(`^${path} cannot be decoded as JPEG: `));
    assert.match(String(sentence), /cannot be decoded as JPEG: /);
    writeFileSync(path, '');
    await refused(/image\.jpg is empty$/);
  }));

test('TurboJPEG makes a loader’s worker two threads where there are processors, for image files alone', () => {
  const earlier = process.env.BIASLOSS_TURBOJPEG;
  try {
    if (!skip) assert.equal(loaderThreads({ kind: 'images' }, 1), Math.min(2, availableParallelism()));
    assert.equal(loaderThreads({ kind: 'pixels' }, 3), 3);
    process.env.BIASLOSS_TURBOJPEG = 'off';
    assert.equal(loaderThreads({ kind: 'images' }, 3), 3);
  } finally {
    if (earlier === undefined) delete process.env.BIASLOSS_TURBOJPEG;
    else process.env.BIASLOSS_TURBOJPEG = earlier;
  }
});

test('the library may be named or turned off by a variable', () => {
  assert.deepEqual(findTurboJpeg({ BIASLOSS_TURBOJPEG: 'off' }), { reason: 'BIASLOSS_TURBOJPEG is off' });
  assert.throws(
    () => findTurboJpeg({ BIASLOSS_TURBOJPEG: '/absent/libturbojpeg.so' }),
    (error) =>
      error instanceof UserError &&
      error.message === 'BIASLOSS_TURBOJPEG names /absent/libturbojpeg.so, which does not exist',
  );
  assert.throws(
    () => findTurboJpeg({ BIASLOSS_TURBOJPEG: process.execPath }),
    /^UserError: BIASLOSS_TURBOJPEG names .*, which cannot be used: /,
  );
});
