/** RandAugment's and TrivialAugment's operations against hashes of torchvision's results; see test/torch/augment.test.ts. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { autoAugment, magnitudeOf } from '../../../src/data/augment/autoAugment.js';
import { OPERATIONS } from '../../../src/data/augment/operations.js';
import {
  GOLDEN_AUGMENT,
  GOLDEN_MAGNITUDES,
  type GoldenHashes,
  hashOf,
  IMAGES,
  KINDS,
  magnitudes,
  results,
} from '../../support/augmentCases.js';

test('every operation at every magnitude and sign gives torchvision’s bytes', async (t) => {
  const golden = JSON.parse(readFileSync(GOLDEN_AUGMENT, 'utf8')) as GoldenHashes;
  for (const kind of KINDS)
    for (const name of OPERATIONS)
      await t.test(`${kind} ${name}`, () => {
        for (const [title, image] of Object.entries(IMAGES)) {
          const bytes = results(name, image, magnitudes(kind, name, image));
          assert.equal(hashOf(bytes), golden[`${kind}/${name}/${title}`], title);
        }
      });
});

test('magnitudes are torchvision’s', () => {
  const size = { width: 331, height: 662 };
  const value = (kind: 'ra' | 'ta_wide', name: (typeof OPERATIONS)[number], step: number): number =>
    magnitudeOf(kind, name, step, size).value;
  assert.equal(value('ra', 'Rotate', 9), 9);
  assert.equal(value('ra', 'Rotate', 30), 30);
  assert.equal(value('ta_wide', 'Rotate', 20), 90);
  assert.equal(value('ra', 'TranslateX', 30), 150);
  assert.equal(value('ra', 'TranslateY', 30), 300);
  assert.equal(value('ta_wide', 'TranslateY', 15), Math.fround(16 - 2 ** -20));
  assert.deepEqual(
    [0, 3, 4, 30].map((step) => value('ra', 'Posterize', step)),
    [8, 8, 7, 4],
  );
  assert.deepEqual(
    [0, 2, 3, 30].map((step) => value('ta_wide', 'Posterize', step)),
    [8, 8, 7, 2],
  );
  assert.deepEqual(
    [0, 15, 30].map((step) => value('ra', 'Solarize', step)),
    [255, 127.5, 0],
  );
});

test('magnitudes are those of torch.linspace to the last bit', () => {
  const golden = JSON.parse(readFileSync(GOLDEN_MAGNITUDES, 'utf8')) as Record<string, readonly number[]>;
  assert.equal(Object.keys(golden).length, 24);
  for (const [key, expected] of Object.entries(golden)) {
    const [kind, name, width] = key.split(' ') as ['ra' | 'ta_wide', (typeof OPERATIONS)[number], string];
    const size = { width: Number(width), height: 1 };
    const ours = expected.map((_, step) => magnitudeOf(kind, name, step, size).value);
    assert.deepEqual(ours, expected, key);
  }
});

test('the random numbers choose operation, magnitude and sign', () => {
  const image = IMAGES.mixed!;
  const changed = (numbers: readonly number[], operations?: number): Uint8Array => {
    const data = image.data.slice();
    const how =
      operations === undefined
        ? ({ kind: 'ta_wide' } as const)
        : ({ kind: 'ra', operations, magnitude: 9 } as const);
    autoAugment({ ...image, data }, how, (what) => numbers[what]!, new Uint8Array(data.length));
    return data;
  };
  const place = (name: (typeof OPERATIONS)[number]): number => (OPERATIONS.indexOf(name) + 0.5) / 14;
  const step = (k: number): number => (k + 0.5) / 31;
  assert.deepEqual(changed([place('Identity'), 0, 0]), image.data);
  assert.deepEqual(changed([place('Rotate'), step(20), 0.7]), results('Rotate', image, [90]));
  assert.deepEqual(changed([place('Rotate'), step(20), 0.3]), results('Rotate', image, [-90]));
  const solarized = { ...image, data: results('Solarize', image, [178.5]) };
  assert.deepEqual(
    changed([place('Solarize'), 0, 0, place('Rotate'), 0, 0.7], 2),
    results('Rotate', solarized, [9]),
  );
});
