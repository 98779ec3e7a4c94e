import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gradients } from '../../src/graph/autodiff.js';
import { Graph } from '../../src/graph/graph.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import type { TargetOptions } from '../../src/losses/imageLosses.js';
import { onReference } from '../support/reference.js';

/** Cross-entropy of two images of three classes, and its gradient. */
function evaluate(options: TargetOptions, logits: readonly number[], labels: readonly number[]) {
  const graph = new Graph();
  const x = graph.input('logits', [2, 3]);
  const input = { logits: x, features: x, labels: graph.input('labels', [2], 'i32') };
  const { loss } = crossEntropyLoss(options).build(graph, input);
  const [gradient] = gradients(loss, [x]);
  const { executable } = onReference(graph.program({ loss, gradient: gradient! }));
  const found = executable.runExact({
    logits: Float64Array.from(logits),
    labels: Int32Array.from(labels),
  });
  // −0 is as good as 0.
  return { loss: found.loss![0]!, gradient: Array.from(found.gradient!, (value) => value + 0) };
}

describe('class weights', () => {
  const logits = [1, 2, 3, 0, 1, 0];

  for (const labelSmoothing of [0, 0.1])
    it(`of 0 for every image of a batch make its loss and gradients 0, smoothing ${labelSmoothing}`, () => {
      const options = { classWeights: [0, 1, 1], labelSmoothing };
      assert.deepEqual(evaluate(options, logits, [0, 0]), { loss: 0, gradient: Array(6).fill(0) });
    });

  it('leave out a class of logit −∞, as PyTorch', () => {
    const masked = [1, 2, Number.NEGATIVE_INFINITY, 0, 1, Number.NEGATIVE_INFINITY];
    const { loss, gradient } = evaluate({ classWeights: [1, 2, 1] }, masked, [0, 1]);
    // PyTorch 1.13: 0.6466.
    const expected = (Math.log(1 + Math.E) + 2 * Math.log(1 + Math.exp(-1))) / 3;
    assert.ok(Math.abs(loss - expected) < 1e-12, `${loss} instead of ${expected}`);
    assert.ok(gradient.every(Number.isFinite) && gradient[2] === 0 && gradient[5] === 0, gradient.join());
  });

  it('of 0 for some images leave the mean to the others, as PyTorch’s', () => {
    const log = (row: readonly number[], k: number): number =>
      row[k]! - Math.log(row.reduce((total, x) => total + Math.exp(x), 0));
    const expected = -log(logits.slice(3), 1);
    const { loss } = evaluate({ classWeights: [0, 1, 1] }, logits, [0, 1]);
    assert.ok(Math.abs(loss - expected) < 1e-12, `${loss} instead of ${expected}`);
  });
});
