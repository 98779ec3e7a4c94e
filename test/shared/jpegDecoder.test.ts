import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { imageFolder } from '../../src/data/folders/imageFolder.js';
import { decodeRgb } from '../../src/data/images/decode.js';
import { JpegDecoder } from '../../src/data/images/jpeg/jpegDecoder.js';
import { findTurboJpeg } from '../../src/data/images/jpeg/library.js';
import { ReusedBytes } from '../../src/data/images/reusedBytes.js';
import { sharedPath, skipWithoutShared } from '../support/shared.js';

const SAMPLE = ['data', 'imagenet-sample', 'val'];
const found = findTurboJpeg();
const skip = skipWithoutShared(...SAMPLE) || ('reason' in found && `no TurboJPEG library: ${found.reason}`);

test('ImageNet images decoded with the TurboJPEG library have the bytes that sharp gives', {
  skip,
}, async () => {
  const { count, source } = imageFolder(sharedPath(...SAMPLE));
  const decoder = 'handle' in found ? new JpegDecoder(found) : undefined;
  const memory = new ReusedBytes();
  let decoded = 0;
  for (let i = 0; i < count; i++) {
    const { path } = source(i);
    const bytes = readFileSync(path);
    const expected = await decodeRgb(bytes, path);
    const image = decoder!.decode(bytes, 'ignore', (length) => memory.of(length));
    if (!image) continue;
    decoded++;
    assert.deepEqual([image.width, image.height], [expected.width, expected.height], path);
    assert.equal(Buffer.compare(image.data, expected.data), 0, path);
  }
  assert.equal(decoded, 100);
});
