import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrainingTransforms } from '../../src/data/augment/transforms.js';
import { normalisationTables } from '../../src/data/normalise.js';
import { PixelPreparer } from '../../src/data/pixelPreparer.js';

const SIZE = 8;
const PLANE = SIZE * SIZE;
const COUNT = 300;
/** Every image's pixel at (y, x); 0 is what lies outside. */
const value = (c: number, y: number, x: number): number => 1 + 64 * c + SIZE * y + x;
const pixels = Uint8Array.from({ length: COUNT * 3 * PLANE }, (_, i) =>
  value(Math.floor(i / PLANE) % 3, Math.floor(i / SIZE) % SIZE, i % SIZE),
);
/** Gives each byte back, to within rounding, in every channel. */
const AS_IT_IS = { mean: [0, 0, 0], std: [1 / 255, 1 / 255, 1 / 255] };

function fill(training?: TrainingTransforms, epoch = 0, indices = all()): Float32Array {
  const out = new Float32Array(indices.length * 3 * PLANE);
  new PixelPreparer({ pixels, imageSize: SIZE }, AS_IT_IS, training).fill(out, { epoch, indices });
  return out.map((value) => Math.round(value));
}

function all(): Uint32Array {
  return Uint32Array.from({ length: COUNT }, (_, i) => i);
}

/** Which crop and flip image n shows; fails if it shows none. */
function placementOf(out: Float32Array, n: number, padding: number): string {
  for (let top = -padding; top <= padding; top++)
    for (let left = -padding; left <= padding; left++)
      for (const mirrored of [false, true])
        if (shows(out, n, top, left, mirrored)) return `${top} ${left} ${mirrored}`;
  return assert.fail(`image ${n} is no crop`);
}

function shows(out: Float32Array, n: number, top: number, left: number, mirrored: boolean): boolean {
  for (let i = 0; i < 3 * PLANE; i++) {
    const [c, y, x] = [Math.floor(i / PLANE), Math.floor(i / SIZE) % SIZE, i % SIZE];
    const [row, column] = [y + top, (mirrored ? SIZE - 1 - x : x) + left];
    const inside = row >= 0 && row < SIZE && column >= 0 && column < SIZE;
    if (out[n * 3 * PLANE + i] !== (inside ? value(c, row, column) : 0)) return false;
  }
  return true;
}

test('without augmentation images are what they were', () => {
  const out = fill();
  assert.ok([0, 1, COUNT - 1].every((n) => shows(out, n, 0, 0, false)));
});

const placed = (padding: number, more = {}): TrainingTransforms => ({
  seed: 1,
  transforms: { padding, ...more },
});

test('crops lie everywhere within the padding, half are mirrored, channels move together', () => {
  const out = fill(placed(1));
  const seen = Array.from({ length: COUNT }, (_, n) => placementOf(out, n, 1));
  assert.equal(new Set(seen).size, 18);
  const mirrored = seen.filter((placement) => placement.endsWith('true')).length;
  assert.ok(Math.abs(mirrored - COUNT / 2) < 40, `${mirrored} of ${COUNT} are mirrored`);
});

test('the probability of mirroring', () => {
  for (const horizontalFlip of [0, 1]) {
    const out = fill(placed(0, { horizontalFlip }));
    assert.ok(
      Array.from({ length: COUNT }, (_, n) => shows(out, n, 0, 0, horizontalFlip === 1)).every(Boolean),
    );
  }
});

test('random changes depend on seed, epoch and index, not on the batch', () => {
  for (const more of [
    {},
    { autoAugment: { kind: 'ta_wide' }, greyscale: 0.2, erase: 0.5, verticalFlip: 0.5 },
  ]) {
    const training = placed(2, more);
    const out = fill(training, 3);
    assert.deepEqual(fill(training, 3), out);
    assert.notDeepEqual(fill(training, 4), out);
    assert.notDeepEqual(fill({ ...training, seed: 2 }, 3), out);
    assert.deepEqual(fill(training, 3, Uint32Array.of(17)), out.subarray(17 * 3 * PLANE, 18 * 3 * PLANE));
  }
});

test('a change of colours leaves crop and flip as they were', () => {
  const plain = fill(placed(1));
  const turned = fill(placed(1, { verticalFlip: 1 }));
  const image = 3 * PLANE;
  for (let n = 0; n < COUNT; n++)
    for (let i = 0; i < image; i++) {
      const [c, y, x] = [Math.floor(i / PLANE), Math.floor(i / SIZE) % SIZE, i % SIZE];
      assert.equal(turned[n * image + i], plain[n * image + c * PLANE + (SIZE - 1 - y) * SIZE + x]);
    }
  const erased = fill(placed(1, { erase: 1 }));
  const zeros = erased.filter((value, at) => value === 0 && plain[at] !== 0).length / erased.length;
  assert.ok(erased.every((value, at) => value === 0 || value === plain[at]));
  assert.ok(zeros > 0.08 && zeros < 0.25, `${zeros} of the pixels are erased`);
});

test('the share of images that are made grey is the probability', () => {
  const out = fill(placed(0, { greyscale: 0.3 }));
  const grey = Array.from({ length: COUNT }, (_, n) => {
    const at = n * 3 * PLANE;
    return out[at] === out[at + PLANE] && out[at] === out[at + 2 * PLANE];
  }).filter(Boolean).length;
  assert.ok(Math.abs(grey / COUNT - 0.3) < 0.1, `${grey} of ${COUNT} are grey`);
});

test('images of one channel take every change', () => {
  const grey = pixels.subarray(0, COUNT * PLANE);
  const training = placed(2, { autoAugment: { kind: 'ra', operations: 2, magnitude: 20 }, blur: 1 });
  const preparer = new PixelPreparer({ pixels: grey, imageSize: SIZE }, { mean: [0], std: [1] }, training);
  const out = new Float32Array(COUNT * PLANE);
  preparer.fill(out, { epoch: 0, indices: all() });
  const colours = new Uint8Array(COUNT * 3 * PLANE);
  for (let n = 0; n < COUNT; n++)
    for (let c = 0; c < 3; c++) colours.set(grey.subarray(n * PLANE, (n + 1) * PLANE), (3 * n + c) * PLANE);
  const same = new Float32Array(COUNT * 3 * PLANE);
  const normalisation = { mean: [0, 0, 0], std: [1, 1, 1] };
  new PixelPreparer({ pixels: colours, imageSize: SIZE }, normalisation, training).fill(same, {
    epoch: 0,
    indices: all(),
  });
  for (let n = 0; n < COUNT; n++)
    assert.deepEqual(
      out.subarray(n * PLANE, (n + 1) * PLANE),
      same.subarray(3 * n * PLANE, (3 * n + 1) * PLANE),
    );
});

test('tables normalise bytes', () => {
  const tables = normalisationTables({ mean: [0.5, 0.25, 0], std: [0.5, 0.25, 2] });
  const values = [0, 255, 256, 511, 512, 767].map((i) => tables[i]);
  assert.deepEqual(values, [-1, 1, -1, 3, 0, 0.5]);
});
