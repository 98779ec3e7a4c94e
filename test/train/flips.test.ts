import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanLogits, mirrored, withFlips } from '../../src/train/flips.js';

const SIZE = 4;
const CLASSES = 3;

function softmax(logits: readonly number[]): number[] {
  const exponentials = logits.map(Math.exp);
  const total = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / total);
}

test('a mirror image has each row the other way round', () => {
  assert.deepEqual([...mirrored(Float32Array.of(1, 2, 3, 4, 5, 6), 3)], [3, 2, 1, 6, 5, 4]);
});

test('test-time augmentation is the mean of the probabilities of both images, as by hand', async () => {
  const images = Float32Array.from({ length: 2 * 3 * SIZE * SIZE }, (_, i) => Math.sin(i * i));
  const seen: Float32Array[] = [];
  // Logits that depend on where in a row a value stands.
  const logitsOf = (some: Float32Array): Float32Array =>
    Float32Array.from({ length: 2 * CLASSES }, (_, i) => {
      const own = some.subarray(Math.floor(i / CLASSES) * 48, (Math.floor(i / CLASSES) + 1) * 48);
      return own.reduce((sum, value, at) => sum + value * ((at % SIZE) + (i % CLASSES)), 0);
    });
  const predictor = withFlips({
    model: { config: { classes: CLASSES, imageSize: SIZE }, channels: 3 },
    predict: async (some) => {
      seen.push(some.slice());
      return { logits: logitsOf(some) };
    },
  });
  const { logits } = await predictor.predict(images);
  assert.deepEqual(seen, [images, mirrored(images, SIZE)]);
  const [own, other] = seen.map((some) => [...logitsOf(some)]) as [number[], number[]];
  for (const start of [0, CLASSES]) {
    const [a, b, mean] = [own, other, [...logits]].map((all) => softmax(all.slice(start, start + CLASSES)));
    mean!.forEach((p, k) => {
      assert.ok(Math.abs(p - (a![k]! + b![k]!) / 2) < 1e-6, `${p}`);
    });
  }
});

test('it holds where a probability is too small for a float', () => {
  const logits = meanLogits(Float32Array.of(0, -2000), Float32Array.of(0, -1000), 2);
  assert.ok(Math.abs(logits[0]!) < 1e-6 && Math.abs(logits[1]! + 1000 + Math.log(2)) < 1e-3, `${logits}`);
});
