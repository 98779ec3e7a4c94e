import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gradients } from '../../src/graph/autodiff.js';
import { Graph } from '../../src/graph/graph.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { crossEntropyLoss } from '../../src/losses/crossEntropy.js';
import type { Loss } from '../../src/losses/loss.js';
import { initialLossValues } from '../../src/train/trainingState.js';
import { formulaUniform } from '../support/formula.js';
import { relativeError } from '../support/golden.js';
import { onReference } from '../support/reference.js';

interface Golden {
  readonly images: number;
  readonly classes: number;
  readonly labels: readonly number[];
  readonly soft: readonly number[];
  readonly weight: readonly number[];
  readonly distill: { readonly weight: number; readonly temperature: number };
  readonly results: Readonly<Record<string, { readonly loss: number; readonly gradient: readonly number[] }>>;
}

/** What bench/pytorch/golden_recipes.py wrote. */
const golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/losses.json', import.meta.url), 'utf8'),
) as Golden;
const { images, classes, weight: classWeights, distill: distillation } = golden;
const labelSmoothing = 0.1;

/** Each loss, by the name of its numbers; those with `soft` get distributions. */
const losses: Readonly<Record<string, Loss>> = {
  ce: crossEntropyLoss(),
  smoothing: crossEntropyLoss({ labelSmoothing }),
  weights: crossEntropyLoss({ classWeights }),
  'weights-smoothing': crossEntropyLoss({ classWeights, labelSmoothing }),
  soft: crossEntropyLoss(),
  'soft-smoothing': crossEntropyLoss({ labelSmoothing }),
  'soft-weights-smoothing': crossEntropyLoss({ classWeights, labelSmoothing }),
  'focal-2': crossEntropyLoss({ focalGamma: 2 }),
  'focal-1.5-smoothing': crossEntropyLoss({ focalGamma: 1.5, labelSmoothing }),
  'focal-2-weights': crossEntropyLoss({ focalGamma: 2, classWeights }),
  'soft-focal-2': crossEntropyLoss({ focalGamma: 2 }),
  bias: biasLoss(),
  'bias-soft': biasLoss(),
  'bias-focal-2-weights': biasLoss({ focalGamma: 2, classWeights }),
  distilled: crossEntropyLoss({ distillation }),
  'distilled-soft': crossEntropyLoss({ distillation }),
  'bias-distilled': biasLoss({ distillation }),
};

const values = (name: string, shape: readonly number[], factor = 1): Float64Array =>
  formulaUniform(
    name,
    shape.reduce((a, b) => a * b),
  ).map((u) => factor * Math.fround(u));

/** A loss and its gradient toward the logits, in double precision. */
function evaluateLoss(loss: Loss, soft: boolean): { loss: number; gradient: ArrayLike<number> } {
  const graph = new Graph();
  const logits = graph.input('logits', [images, classes]);
  const labels = soft ? graph.input('labels', [images, classes]) : graph.input('labels', [images], 'i32');
  const features = graph.input('features', [images, 3, 2, 2]);
  const teacherLogits = loss.needsTeacher ? graph.input('teacher', [images, classes]) : undefined;
  const result = loss.build(graph, { logits, labels, features, teacherLogits });
  const [gradient] = gradients(result.loss, [logits]);
  const program = graph.program({ loss: result.loss, gradient: gradient! }, result.updates);
  const { executable } = onReference(program, initialLossValues(loss));
  const found = executable.runExact({
    logits: values('logits', [images, classes], 3),
    labels: soft ? Float64Array.from(golden.soft) : Int32Array.from(golden.labels),
    features: values('features', [images, 3, 2, 2]),
    teacher: values('teacher', [images, classes], 4),
  });
  return { loss: found.loss![0]!, gradient: found.gradient! };
}

describe('losses and their gradients are PyTorch’s', () => {
  it('in the golden numbers, all of them', () => {
    assert.deepEqual(Object.keys(losses), Object.keys(golden.results));
  });

  for (const [name, loss] of Object.entries(losses))
    it(name, () => {
      const found = evaluateLoss(loss, name.includes('soft'));
      const expected = golden.results[name]!;
      // Constants of the graph, such as weights and factors, have 32 bits.
      assert.ok(
        Math.abs(found.loss - expected.loss) < 2e-7 * Math.abs(expected.loss),
        `${found.loss} instead of ${expected.loss}`,
      );
      const error = relativeError(found.gradient, expected.gradient);
      assert.ok(error < 2e-7, `relative error ${error} of the gradient`);
    });
});
