import assert from 'node:assert/strict';
import { ReferenceBackend } from '../../src/engines/reference/backend.js';
import type { Values } from '../../src/engines/reference/kernel.js';
import { gradients } from '../../src/graph/autodiff.js';
import { Graph } from '../../src/graph/graph.js';
import type { OpKind } from '../../src/graph/op.js';
import { mul } from '../../src/graph/ops/elementwise.js';
import { sum } from '../../src/graph/ops/reduce.js';
import type { Tensor } from '../../src/graph/tensor.js';
import type { Shape } from '../../src/graph/tensorType.js';
import { Samples } from './samples.js';

/** A tensor that a gradient case begins with: floats in [low, high) (default −1, 1), or given values. */
export interface CaseInput {
  readonly shape: Shape;
  readonly low?: number;
  readonly high?: number;
  /** Fixed contents, toward which no gradient is checked. */
  readonly fixed?: Values;
}

/** A function of some tensors, whose gradients are checked. */
export interface GradientCase {
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  /** Builds the function; the check sums its result against random weights. */
  readonly build: (inputs: readonly Tensor[]) => Tensor;
}

const STEP = 1e-5;
/** Of the central difference in double precision: STEP² for the third derivative, 1e-16/STEP for rounding. */
const TOLERANCE = 2e-7;
const MOST_ELEMENTS = 24;

/**
 * Compares the gradients toward every float input with central differences, at a random choice of elements.
 *
 * @returns the kinds of the nodes between the inputs and the result
 */
export function checkGradients({ name, inputs, build }: GradientCase): Set<OpKind> {
  const samples = new Samples(name);
  const graph = new Graph();
  const tensors = inputs.map(({ shape, fixed }, i) =>
    graph.input(`x${i}`, shape, fixed instanceof Int32Array ? 'i32' : 'f32'),
  );
  const result = build(tensors);
  const weights = graph.constant(Float32Array.from(samples.floats(result.shape, 0.5, 1.5)), result.shape);
  const loss = sum(mul(result, weights));
  const kinds = new Set(graph.nodes.map(({ kind }) => kind));
  const checked = inputs.flatMap(({ fixed }, i) => (fixed ? [] : [i]));
  const wrt = gradients(
    loss,
    checked.map((i) => tensors[i]!),
  );
  const gradientOutputs = Object.fromEntries(checked.map((i, k) => [`x${i}`, wrt[k]!]));
  const backend = new ReferenceBackend();
  const forward = backend.compile(graph.program({ loss }));
  const values = Object.fromEntries(
    inputs.map(({ shape, low, high, fixed }, i) => [`x${i}`, fixed ?? samples.floats(shape, low, high)]),
  );
  const found = backend.compile(graph.program(gradientOutputs)).runExact(values);
  const lossOf = (): number => forward.runExact(values).loss![0]!;
  for (const i of checked)
    compareInput(`${name}, input ${i}`, values[`x${i}`]!, found[`x${i}`]!, lossOf, samples);
  return kinds;
}

function compareInput(
  what: string,
  values: Values,
  gradient: Values,
  lossOf: () => number,
  samples: Samples,
): void {
  assert.equal(gradient.length, values.length, what);
  const scale = Math.max(1, ...gradient.map(Math.abs));
  for (const index of chooseIndices(values.length, samples)) {
    const numeric = centralDifference(values, index, lossOf);
    const error = Math.abs(gradient[index]! - numeric);
    assert.ok(
      error <= TOLERANCE * scale,
      `${what}, element ${index}: gradient ${gradient[index]}, difference quotient ${numeric}`,
    );
  }
}

function centralDifference(values: Values, index: number, lossOf: () => number): number {
  const value = values[index]!;
  values[index] = value + STEP;
  const above = lossOf();
  values[index] = value - STEP;
  const below = lossOf();
  values[index] = value;
  return (above - below) / (2 * STEP);
}

/** All places of a small tensor, some of a large one. */
function chooseIndices(length: number, samples: Samples): number[] {
  if (length <= MOST_ELEMENTS) return Array.from({ length }, (_, i) => i);
  return Array.from({ length: MOST_ELEMENTS }, () => samples.integer(0, length - 1));
}
