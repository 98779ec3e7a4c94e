/** Resizing against MD5 sums of what Pillow 9.4 and torchvision 0.14 make of the same images. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  adjustBrightness,
  adjustContrast,
  adjustSaturation,
  jitterColours,
} from '../../../src/data/images/colourJitter.js';
import { CutResizer } from '../../../src/data/images/cutResizer.js';
import { evaluationCut, roundHalfEven, trainingCut } from '../../../src/data/images/geometry.js';
import { adjustHue } from '../../../src/data/images/hue.js';
import type { RgbImage } from '../../../src/data/images/image.js';
import { imagenetResizeSize } from '../../../src/data/preprocessing.js';
import { uniformSource } from '../../../src/random.js';
import { formulaImage } from '../support/images.js';

/** Black, white and random bytes, so that a cubic filter goes beyond them. */
function contrasts(width: number, height: number): RgbImage {
  const random = uniformSource(3, 'test');
  const data = Uint8ClampedArray.from({ length: 3 * width * height }, (_, i) => 512 * random(i) - 128);
  return { data: new Uint8Array(data.buffer), width, height };
}

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

for (const [width, height, size, expected] of [
  [37, 23, 16, '7cdeb65fbb0240562cc7d7ed3069506a'],
  [23, 37, 16, 'de3fbf5839d3f712b670c5cb8466db75'],
  [50, 20, 16, '178a7769246d7e4cb645e0afe4f911b3'],
  [9, 7, 16, 'a3943926cb49c934b84d225f6a3c7d4f'],
  [18, 18, 16, '0f815d264110ec198a5d58369814cbbb'],
  [301, 200, 33, '64f39a6974cd7630f77b3a6a0a01176f'],
] as const) {
  test(`Resize and CenterCrop of ${width}×${height} to ${size} are Pillow's, to the bit`, () => {
    const cut = evaluationCut(width, height, size, imagenetResizeSize(size));
    assert.equal(md5(new CutResizer(size).resize(formulaImage(width, height), cut)), expected);
  });
}

for (const [width, height, size, expected] of [
  [37, 23, 16, '27efe2a8a7a3d28c8461bbb32cfecc00'],
  [23, 37, 16, '4baff848985277d11d550816c4383843'],
  [50, 20, 16, '7d0537a92485970f4c39c641af613daa'],
  [9, 7, 16, 'ddf4ecd37e3ce9d9f23d980e0ab2fd70'],
  [18, 18, 16, '0f815d264110ec198a5d58369814cbbb'],
  [301, 200, 33, '3e63a86a9466db58da505ea5ed6e53ac'],
] as const) {
  test(`bicubic Resize and CenterCrop of ${width}×${height} to ${size} are Pillow's, to the bit`, () => {
    const cut = evaluationCut(width, height, size, imagenetResizeSize(size));
    const resizer = new CutResizer(size, 'bicubic');
    assert.equal(md5(resizer.resize(formulaImage(width, height), cut)), expected);
  });
}

for (const [width, height, size, shorter, interpolation, expected] of [
  [37, 23, 32, 20, 'bilinear', '4e155fbcdda6f2acbddd477398b8fd86'],
  [37, 23, 32, 20, 'bicubic', 'a4159b5d55d5f23bd1f61e301fe6d1c6'],
  [23, 37, 32, 19, 'bilinear', '4cb25c1fa665a773ae30b438ba1fde30'],
  [23, 37, 32, 19, 'bicubic', 'd42a79943367578a3168ffb801ea5cbb'],
  [18, 18, 17, 12, 'bilinear', 'b8f5643763b6137928097a08c8a193e7'],
  [18, 18, 17, 12, 'bicubic', 'a60f67cbb0dbf0e29567e69e89c23aa9'],
  [50, 20, 33, 1, 'bilinear', '919940b16b157b0ff0fb66e9e2214898'],
  [50, 20, 33, 1, 'bicubic', '919940b16b157b0ff0fb66e9e2214898'],
  [300, 200, 32, 31, 'bilinear', 'b1da16055873257d9a6f7754aaa69cf4'],
  [300, 200, 32, 31, 'bicubic', 'd49fdadfa26932a45d4cf73c492f4d5c'],
  [7, 90, 16, 15, 'bilinear', 'cfb491154ee7815736c17ff4fecca19d'],
  [7, 90, 16, 15, 'bicubic', '48eb05f036839696fd57ae7736d19192'],
] as const) {
  test(`${interpolation} Resize of ${width}×${height} to ${shorter} and CenterCrop to ${size} pad with black, to the bit`, () => {
    const cut = evaluationCut(width, height, size, shorter);
    const image = formulaImage(width, height);
    assert.equal(md5(new CutResizer(size, interpolation).resize(image, cut)), expected);
    assert.equal(
      md5(new CutResizer(size, interpolation, null).resize(image, cut)),
      expected,
      'without vectors',
    );
  });
}

test('a resized crop is Pillow’s, to the bit, and a resizer may be used again', () => {
  const wanted = { start: 0, length: 16 };
  const cut = {
    columns: { input: { start: 5, length: 17 }, size: 16, wanted },
    rows: { input: { start: 3, length: 11 }, size: 16, wanted },
  };
  const resizer = new CutResizer(16);
  resizer.resize(formulaImage(300, 200), evaluationCut(300, 200, 16, 18));
  assert.equal(md5(resizer.resize(formulaImage(37, 23), cut)), '1bd16417e351f8d66ddc41ccf99ace4e');
});

test('vectors give the bits of the same without them, whatever the sizes, edges and filter', () => {
  const axis = fc.record({ length: fc.integer({ min: 1, max: 90 }), start: fc.nat(20), rest: fc.nat(20) });
  const size = fc.integer({ min: 1, max: 40 });
  fc.assert(
    fc.property(axis, axis, size, fc.constantFrom('bilinear', 'bicubic'), (across, down, size, filter) => {
      const [width, height] = [across, down].map(({ length, start, rest }) => start + length + rest);
      const wanted = { start: 0, length: size };
      const [columns, rows] = [across, down].map((input) => ({ input, size, wanted }));
      const cut = { columns: columns!, rows: rows! };
      const image = contrasts(width!, height!);
      const plain = new CutResizer(size, filter, null).resize(image, cut);
      assert.deepEqual(new CutResizer(size, filter).resize(image, cut), plain);
    }),
  );
});

test('vectors resize images that their memory takes in stripes, and rows longer than a stripe', () => {
  for (const [width, height] of [
    [700, 1900],
    [400_000, 3],
  ] as const) {
    const image = contrasts(width, height);
    const cut = evaluationCut(width, height, 16, 18);
    const plain = new CutResizer(16, 'bilinear', null).resize(image, cut);
    assert.deepEqual(new CutResizer(16).resize(image, cut), plain);
  }
});

test('the evaluation cut: the sizes and offsets that torchvision computes', () => {
  const cut = evaluationCut(500, 375, 224, 256);
  assert.deepEqual([cut.columns.size, cut.rows.size], [341, 256]);
  // (341 − 224)/2 = 58.5 goes to the even 58.
  assert.deepEqual([cut.columns.wanted.start, cut.rows.wanted.start], [58, 16]);
  assert.deepEqual([0.5, 1.5, 2.5, -0.5, 2.4, 2.6].map(roundHalfEven), [0, 2, 2, 0, 2, 3]);
});

test('training cuts lie in the image, whatever its shape, and cover torchvision’s range', () => {
  const random = uniformSource(1, 'test');
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 500 }),
      fc.nat(),
      (w, h, index) => {
        const { columns, rows } = trainingCut(w, h, 16, (what) => random(index, what));
        for (const [{ input }, length] of [
          [columns, w],
          [rows, h],
        ] as const)
          assert.ok(input.start >= 0 && input.length >= 1 && input.start + input.length <= length);
      },
    ),
  );
  const shares: number[] = [];
  for (let i = 0; i < 2000; i++) {
    const { columns, rows } = trainingCut(400, 400, 16, (what) => random(i, what));
    const ratio = columns.input.length / rows.input.length;
    assert.ok(ratio > 0.74 && ratio < 1.35);
    shares.push((columns.input.length * rows.input.length) / 160_000);
  }
  assert.ok(Math.min(...shares) > 0.075 && Math.min(...shares) < 0.1 && Math.max(...shares) > 0.95);
});

test('where no crop fits, the largest centred one of an allowed ratio is taken', () => {
  const { columns, rows } = trainingCut(1000, 10, 16, () => 0.999);
  assert.deepEqual(rows.input, { start: 0, length: 10 });
  assert.deepEqual(columns.input, { start: 493, length: 13 });
});

for (const [name, adjust, weaker, stronger] of [
  ['brightness', adjustBrightness, '28e1840254c06ef524e9b6e9ba6b66e6', '5b9578d710855f702e9aed0ebadf41de'],
  ['contrast', adjustContrast, '99e3dc360f3ec39bdd89f561df932ccf', '0619d35b5b49390887f1fb8152aefa6c'],
  ['saturation', adjustSaturation, 'ac29de9d9b1ce451fc9b6c2cf93d2b3b', 'f6040dfe071e1e2c8d679082fa4d1b9e'],
] as const) {
  test(`${name} by 0.6 and 1.37 is Pillow's, to the bit`, () => {
    for (const [factor, expected] of [
      [0.6, weaker],
      [1.37, stronger],
    ] as const) {
      const { data } = formulaImage(37, 23);
      adjust(data, factor);
      assert.equal(md5(data), expected, `${name} by ${factor}`);
    }
  });
}

test('a turn of the hue by a third, as Pillow makes it, leaves grey alone', () => {
  const grey = Uint8Array.of(0, 0, 0, 7, 7, 7, 255, 255, 255);
  const turned = grey.slice();
  adjustHue(turned, 0.3);
  assert.deepEqual(turned, grey);
  const colours = Uint8Array.of(255, 0, 0, 0, 255, 0, 10, 20, 200);
  adjustHue(colours, 1 / 3);
  assert.deepEqual([...colours], [0, 255, 0, 0, 0, 255, 200, 10, 24]);
});

test('colour jitter of strength 0 changes nothing; else it depends on the numbers drawn', () => {
  const jittered = (strength: number, index: number, hue = strength / 4): Uint8Array => {
    const { data } = formulaImage(37, 23);
    jitterColours(data, { strength, hue }, (what) => uniformSource(1, 'test')(index, what));
    return data;
  };
  assert.deepEqual(jittered(0, 1), formulaImage(37, 23).data);
  assert.deepEqual(jittered(0.4, 1), jittered(0.4, 1));
  assert.notDeepEqual(jittered(0.4, 1), jittered(0.4, 2));
  assert.notDeepEqual(jittered(0.4, 1), jittered(0.4, 1, 0));
  assert.notDeepEqual(jittered(0, 1, 0.1), jittered(0, 1));
});
