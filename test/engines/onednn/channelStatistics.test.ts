/** Means and variances of channels by our own kernels, of numbers far from zero, beside sums in double precision. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createEngine } from '../../../src/engines/createEngine.js';
import type { Engine } from '../../../src/engines/engine.js';
import { partsOf } from '../../../src/engines/onednn/kernels/channelStatistics.js';
import { Graph } from '../../../src/graph/graph.js';
import { batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import type { Shape } from '../../../src/graph/tensorType.js';
import { onednnMissing } from '../../support/onednn.js';

describe('parts', () => {
  it('divide the images, and are enough for many threads where there are images', () => {
    assert.deepEqual(
      [partsOf(64, 4), partsOf(64, 16), partsOf(30, 4), partsOf(7, 1), partsOf(1, 1)],
      [4, 1, 5, 7, 1],
    );
  });
});

const skip = await onednnMissing();

describe('mean and variance', { skip }, () => {
  let engine: Engine;
  before(async () => {
    engine = await createEngine('onednn', { threads: 2 });
  });
  after(() => engine.close());

  // Blocks that channels do not fill, pixels that no vector or segment of sums divides, several parts and one.
  const shapes: readonly Shape[] = [
    [1, 3, 1, 1],
    [2, 16, 3, 1],
    [6, 40, 5, 7],
    [7, 24, 23, 23],
    [4, 300, 2, 2],
    [3, 8, 33, 65],
  ];
  for (const shape of shapes)
    it(`of ${shape.join('×')}`, async (t) => {
      if (!engine.description.includes('kernels of our own')) {
        t.skip('kernels of our own cannot run here');
        return;
      }
      const [images, channels, height, width] = shape as [number, number, number, number];
      const pixels = height * width;
      const x = Float32Array.from({ length: images * channels * pixels }, (_, i) => 20 + Math.sin(i * i) * 3);
      const graph = new Graph();
      const input = graph.input('x', shape);
      const ones = graph.constant(new Float32Array(channels).fill(1), [channels]);
      const zeros = graph.constant(new Float32Array(channels), [channels]);
      const { mean, variance } = batchNormTrain(input, ones, zeros, 1e-5);
      const executable = await engine.compile(graph.program({ mean, variance }));
      const found = await executable.run({ x: x.slice() });
      await executable.close();
      for (let c = 0; c < channels; c++) {
        const numbers = Array.from({ length: images * pixels }, (_, i) => {
          const image = Math.floor(i / pixels);
          return x[(image * channels + c) * pixels + (i % pixels)]!;
        });
        const sum = numbers.reduce((total, number) => total + number, 0);
        const expected = sum / numbers.length;
        const squares = numbers.reduce((total, number) => total + (number - expected) ** 2, 0);
        const near = (what: 'mean' | 'variance', value: number, limit: number): void => {
          const error = Math.abs(found[what]![c]! - value);
          assert.ok(
            error <= limit * Math.max(value, 1),
            `${what} of channel ${c}: ${found[what]![c]}, not ${value}`,
          );
        };
        near('mean', expected, 5e-7);
        near('variance', squares / numbers.length, 3e-6);
      }
    });
});
