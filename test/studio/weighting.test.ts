/** The page's weights are those that the loss itself computes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Graph } from '../../src/graph/graph.js';
import { biasLoss, RUNNING_MIN } from '../../src/losses/biasLoss.js';
import type { BiasLossSettings } from '../../src/studio/api.js';
import { weightingOf } from '../../src/studio/biasLoss/weighting.js';
import { onReference } from '../support/reference.js';

/** Images, features of each, and classes. */
const [N, F, K] = [5, 6, 3];

/** Variances and weights of a batch, as the loss computes them. */
function computed(settings: BiasLossSettings, runningMin: number | null, features: Float32Array) {
  const graph = new Graph();
  const { weighting } = biasLoss(settings).build(graph, {
    logits: graph.input('logits', [N, K]),
    features: graph.input('features', [N, F]),
    labels: graph.input('labels', [N], 'i32'),
  });
  const program = graph.program({ ...weighting! });
  const values = new Map(runningMin === null ? [] : [[RUNNING_MIN, Float32Array.of(runningMin)]]);
  const { executable } = onReference(program, settings.normMode === 'local' ? new Map() : values);
  const inputs = { logits: new Float32Array(N * K), features, labels: new Int32Array(N) };
  const { variances, weights } = executable.run(inputs, { seed: 0, step: 0 });
  return { variances: [...variances!], weights: [...weights!] };
}

function expectWeights(settings: BiasLossSettings, runningMin: number | null, features: Float32Array): void {
  const { variances, weights } = computed(settings, runningMin ?? 1e5, features);
  const { weightOf } = weightingOf(variances, settings, runningMin);
  for (const [i, variance] of variances.entries())
    assert.ok(
      Math.abs(weightOf(variance) - weights[i]!) < 1e-6,
      `${weightOf(variance)} instead of ${weights[i]} with ${JSON.stringify(settings)}, ${runningMin}`,
    );
}

describe('the weights of the bias loss in the studio', () => {
  const varied = Float32Array.from({ length: N * F }, (_, i) => (1 + Math.floor(i / F)) * Math.sin(i));

  it('are those of the loss, for any settings and running minimum', () => {
    for (const normMode of ['global', 'local'] as const)
      for (const runningMin of [null, 0.01, 1e3])
        for (const [alpha, beta] of [
          [0.3, 0.3],
          [2, 0],
          [-0.5, 1],
        ] as const)
          expectWeights({ alpha, beta, normMode }, runningMin, varied);
  });

  it('are equal where all variances are', () => {
    const alike = Float32Array.from({ length: N * F }, (_, i) => i % F);
    expectWeights({ alpha: 0.3, beta: 0.3, normMode: 'global' }, 0.5, alike);
    const { weightOf } = weightingOf([3.5, 3.5], { alpha: 0.3, beta: 0.3, normMode: 'local' }, null);
    assert.equal(weightOf(3.5), 0.7);
  });
});
