import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reductionSeconds, stepCost } from '../../src/distributed/stepCost.js';

const near = (found: number, expected: number): void =>
  assert.ok(Math.abs(found - expected) <= 1e-12 + 1e-9 * expected, `${found}, not ${expected}`);

/** Bytes 10⁶/s, 1 ms a message, one latency a long message, adding for nothing. */
const network = { bandwidth: 1e6, latency: 1e-3, handshake: 1, addition: Number.POSITIVE_INFINITY };

test('a reduction: bytes both ways, messages by the logarithm of the ranks, the sums of what arrives', () => {
  assert.equal(reductionSeconds(1e6, 1, network), 0);
  near(reductionSeconds(1e6, 2, network), 1 + 2e-3);
  near(reductionSeconds(1e6, 4, network), 1.5 + 4e-3);
  near(reductionSeconds(1e6, 8, { ...network, handshake: 3 }), 1.75 + 18e-3);
  near(reductionSeconds(1e6, 5, network), 1.6 + 6e-3);
  near(reductionSeconds(1e6, 2, { ...network, addition: 1e7 }), 1.05 + 2e-3);
  // Twice the ranks never cost twice as much.
  near(reductionSeconds(1e6, 512, network) - reductionSeconds(1e6, 256, network), 2e6 / 512 / 1e6 + 2e-3);
});

test('a step: computing, gradients and short collectives one after the other', () => {
  const work = { compute: 3, bytes: 1e6 };
  assert.deepEqual(stepCost(work, 1, network), {
    compute: 3,
    gradients: 0,
    shortOnes: 0,
    total: 3,
    efficiency: 1,
  });
  const cost = stepCost(work, 8, network);
  near(cost.gradients, 1.756);
  near(cost.shortOnes, 12e-3);
  near(cost.total, 3 + 1.756 + 12e-3);
  near(cost.efficiency, 3 / cost.total);
  near(stepCost({ ...work, shortOnes: 0 }, 8, network).total, 4.756);
});

/** When reductions of equal buckets end that are ready one after the other and wait for each other. */
function simulated(backward: number, each: number, buckets: number): number {
  let end = 0;
  for (let i = 1; i <= buckets; i++) end = Math.max(end, (backward * i) / buckets) + each;
  return end - backward;
}

test('overlapping hides all but the last bucket, or what computing leaves uncovered', () => {
  for (const [compute, buckets] of [
    [3, 4],
    [0.9, 4],
    [0.3, 10],
    [3, 1],
  ] as const) {
    const work = { compute, bytes: 1e6, shortOnes: 0 };
    const { total, gradients } = stepCost(work, 4, network, buckets);
    near(gradients, 1.5 + buckets * 4e-3);
    near(total, compute + simulated((2 / 3) * compute, gradients / buckets, buckets));
    if (buckets === 1) near(total, stepCost(work, 4, network).total);
    else assert.ok(total < stepCost(work, 4, network).total);
  }
});
