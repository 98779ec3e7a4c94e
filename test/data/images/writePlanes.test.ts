/** Normalised planes by WebAssembly are those of TypeScript, to the bit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resampleKernel } from '../../../src/data/images/resampleKernel.js';
import { writePlanes } from '../../../src/data/images/writePlanes.js';
import { normalisationTables } from '../../../src/data/normalise.js';
import { formulaImage } from '../support/images.js';

const tables = normalisationTables({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] });

for (const isMirrored of [false, true])
  test(`an image${isMirrored ? ', mirrored' : ''}`, { skip: !resampleKernel() && 'no vectors' }, () => {
    const [width, height] = [37, 23];
    const plane = width * height;
    const inKernel = new Float32Array(3 * plane);
    writePlanes(inKernel, formulaImage(width, height), tables, isMirrored);
    const { data } = formulaImage(width, height);
    const expected = Float32Array.from({ length: 3 * plane }, (_, i) => {
      const [channel, y, x] = [Math.floor(i / plane), Math.floor((i % plane) / width), i % width];
      const pixel = y * width + (isMirrored ? width - 1 - x : x);
      return tables[256 * channel + data[3 * pixel + channel]!]!;
    });
    assert.deepEqual(inKernel, expected);
    const inTypeScript = new Float32Array(3 * plane);
    writePlanes(inTypeScript, formulaImage(width, height), tables, isMirrored, null);
    assert.deepEqual(inTypeScript, expected);
  });

test('of one channel the first colour counts', () => {
  const image = formulaImage(8, 6);
  const { data } = formulaImage(8, 6);
  const grey = tables.slice(0, 256);
  const out = new Float32Array(48);
  writePlanes(out, image, grey, true);
  for (let y = 0; y < 6; y++)
    for (let x = 0; x < 8; x++) assert.equal(out[8 * y + x], grey[data[3 * (8 * y + 7 - x)]!]);
});
