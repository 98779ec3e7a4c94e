import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../src/errors.js';
import { verifyProgram } from '../../src/graph/verify.js';
import { sgd } from '../../src/optim/sgd.js';
import { type UpdateOptions, updateProgram } from '../../src/train/programs.js';
import { onReference } from '../support/reference.js';
import { withTrainer } from '../train/fixtures/tiny.js';

const parameters = [
  { name: 'a', shape: [2] },
  { name: 'b', shape: [1, 1] },
];

/** What plain descent by a rate of 1 from zero subtracts: the gradients that it was given, rescaled. */
function applied(
  options: UpdateOptions,
  gradients: readonly [number[], number[]],
  scale = 1,
): { values: number[]; norm: number | undefined } {
  const program = updateProgram(sgd({ momentum: 0, weightDecay: 0 }), parameters, options);
  verifyProgram(program);
  const { executable, variables } = onReference(program);
  const outputs = executable.runExact({
    'gradient.a': Float64Array.from(gradients[0]),
    'gradient.b': Float64Array.from(gradients[1]),
    gradientScale: Float64Array.of(scale),
    learningRate: Float64Array.of(1),
  });
  return {
    values: ['a', 'b'].flatMap((name) => Array.from(variables.get(name)!.readExact(), (value) => -value)),
    norm: outputs.gradientNorm?.[0],
  };
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) < 1e-6, `${actual} instead of ${expected}`);
  });
}

describe('clipping of gradients', () => {
  it('scales all of them down to the greatest norm', () => {
    // The norm of (2, 3, 6) is 7.
    const { values, norm } = applied({ clipNorm: 3.5 }, [[2, 3], [6]]);
    expectClose(values, [1, 1.5, 3]);
    expectClose([norm!], [7]);
  });

  it('leaves those below it alone', () => {
    const { values, norm } = applied({ clipNorm: 8 }, [[2, -3], [6]]);
    assert.deepEqual(values, [2, -3, 6]);
    expectClose([norm!], [7]);
  });

  it('is of their mean where they are a sum', () => {
    const { values, norm } = applied({ clipNorm: 3.5 }, [[4, 6], [12]], 1 / 2);
    expectClose(values, [1, 1.5, 3]);
    expectClose([norm!], [7]);
    assert.deepEqual(applied({}, [[4, 6], [12]], 1 / 2), { values: [2, 3, 6], norm: undefined });
  });

  it('gives zeros for zeros', () => {
    assert.deepEqual(applied({ clipNorm: 1 }, [[0, 0], [0]]).values.map(Math.abs), [0, 0, 0]);
  });

  it('needs a norm above 0', async () => {
    for (const clipNorm of [0, -1, Number.NaN])
      await assert.rejects(
        withTrainer({ clipNorm }, async () => undefined),
        (error) =>
          error instanceof UsageError &&
          error.message === `clipNorm must be a number above 0, not ${clipNorm}`,
      );
  });
});
