import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fillPixelBatch, normalisationTables } from '../../src/data/pixelTransforms.js';

const SIZE = 8;
const PLANE = SIZE * SIZE;
const COUNT = 300;
/** Tables that give each byte back, with channel c's 256·c added. */
const IDENTITY = Float32Array.from({ length: 768 }, (_, i) => i);
/** Image i's pixel at (y, x) is 1 + 8·y + x in every channel; 0 is what lies outside. */
const pixels = Uint8Array.from({ length: COUNT * 3 * PLANE }, (_, i) => 1 + (i % PLANE));
const dataset = { pixels, imageSize: SIZE };

function fill(augment?: {
  seed: number;
  epoch: number;
  how: { padding: number; flip: boolean };
}): Float32Array {
  const out = new Float32Array(COUNT * 3 * PLANE);
  const indices = Uint32Array.from({ length: COUNT }, (_, i) => i);
  fillPixelBatch(out, dataset, { indices, ...(augment && { augment }) }, IDENTITY);
  return out;
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
    if (out[n * 3 * PLANE + i] !== 256 * c + (inside ? 1 + SIZE * row + column : 0)) return false;
  }
  return true;
}

test('without augmentation images are what they were', () => {
  const out = fill();
  assert.ok([0, 1, COUNT - 1].every((n) => shows(out, n, 0, 0, false)));
});

test('crops lie everywhere within the padding, half are mirrored, channels move together', () => {
  const out = fill({ seed: 1, epoch: 0, how: { padding: 1, flip: true } });
  const seen = Array.from({ length: COUNT }, (_, n) => placementOf(out, n, 1));
  assert.equal(new Set(seen).size, 18);
  const mirrored = seen.filter((placement) => placement.endsWith('true')).length;
  assert.ok(Math.abs(mirrored - COUNT / 2) < 40, `${mirrored} of ${COUNT} are mirrored`);
});

test('augmentation depends on seed, epoch and index, not on the batch', () => {
  const how = { padding: 2, flip: true };
  const out = fill({ seed: 1, epoch: 3, how });
  assert.deepEqual(fill({ seed: 1, epoch: 3, how }), out);
  assert.notDeepEqual(fill({ seed: 1, epoch: 4, how }), out);
  assert.notDeepEqual(fill({ seed: 2, epoch: 3, how }), out);
  const one = new Float32Array(3 * PLANE);
  fillPixelBatch(
    one,
    dataset,
    { indices: Uint32Array.of(17), augment: { seed: 1, epoch: 3, how } },
    IDENTITY,
  );
  assert.deepEqual(one, out.subarray(17 * 3 * PLANE, 18 * 3 * PLANE));
});

test('tables normalise bytes', () => {
  const tables = normalisationTables({ mean: [0.5, 0.25, 0], std: [0.5, 0.25, 2] });
  const values = [0, 255, 256, 511, 512, 767].map((i) => tables[i]);
  assert.deepEqual(values, [-1, 1, -1, 3, 0, 0.5]);
});
