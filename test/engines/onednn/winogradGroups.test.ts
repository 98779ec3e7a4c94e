/** Batches that are convolved in several groups of images, the last one smaller: as if image by image. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEngine } from '../../../src/engines/createEngine.js';
import type { Engine } from '../../../src/engines/engine.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { mul } from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import { onednnMissing } from '../../support/onednn.js';
import { Samples } from '../../support/samples.js';

const BATCH = 7;
const CHANNELS = 32;
const SIZE = 64;
const IMAGE = CHANNELS * SIZE ** 2;

const samples = new Samples('groups of images');
const weights = Float32Array.from(samples.floats([CHANNELS, CHANNELS, 3, 3]));
const images = Float32Array.from(samples.floats([BATCH * IMAGE]));

/** A convolution's result, and its gradient toward the images, in one row of images. */
async function convolve(engine: Engine, images: Float32Array): Promise<Record<string, Float32Array>> {
  const graph = new Graph();
  const x = graph.input('x', [images.length / IMAGE, CHANNELS, SIZE, SIZE]);
  const w = graph.constant(weights, [CHANNELS, CHANNELS, 3, 3]);
  const y = conv2d(x, w, undefined, { padding: 1 });
  const [dx] = gradients(sum(mul(y, y)), [x]);
  const executable = await engine.compile(graph.program({ y, dx: dx! }));
  const found = await executable.run({ x: images.slice() });
  await executable.close();
  return found as Record<string, Float32Array>;
}

test('groups of images give what single images give', { skip: await onednnMissing() }, async () => {
  const engine = await createEngine('onednn', { threads: 2 });
  try {
    const together = await convolve(engine, images);
    for (let n = 0; n < BATCH; n++) {
      const range = [n * IMAGE, (n + 1) * IMAGE] as const;
      const alone = await convolve(engine, images.subarray(...range));
      for (const [name, expected] of Object.entries(alone)) {
        const found = together[name]!.subarray(...range);
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const error = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - found[i]!)), 0);
        assert.ok(largest > 1 && error < 1e-5 * largest, `${name} of image ${n}: ${error} of ${largest}`);
      }
    }
  } finally {
    await engine.close();
  }
});
