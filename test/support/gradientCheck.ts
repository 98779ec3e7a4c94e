import assert from 'node:assert/strict';
import { ReferenceBackend } from '../../src/engines/reference/backend.js';
import type { Values } from '../../src/engines/reference/kernel.js';
import { gradients } from '../../src/graph/autodiff.js';
import { Graph } from '../../src/graph/graph.js';
import type { OpKind } from '../../src/graph/op.js';
import { mul } from '../../src/graph/ops/elementwise.js';
import { sum } from '../../src/graph/ops/reduce.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { type Shape, sizeOf } from '../../src/graph/tensorType.js';
import { Samples } from './samples.js';

/** Numbers `offset` (default 0) + k·`step`. */
export interface Grid {
  readonly step: number;
  readonly offset?: number;
}

/** A tensor that a gradient case begins with: floats in [low, high) (default −1, 1), or given values. */
export interface CaseInput {
  readonly shape: Shape;
  readonly low?: number;
  readonly high?: number;
  /** Rounds to `offset` + multiples of `step`, which keeps sums of products away from where a function has a kink. */
  readonly grid?: Grid;
  /** Evenly spaced values in a random order: no two are close to each other; `planes`: no two of an image's channel. */
  readonly distinct?: true | 'planes';
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

/** A gradient case as a graph: the function's value, its weighted sum and the gradients of the sum. */
export interface GradientGraph {
  readonly graph: Graph;
  readonly result: Tensor;
  readonly loss: Tensor;
  /** By the input's name, without the fixed ones. */
  readonly gradients: Readonly<Record<string, Tensor>>;
}

/** Name of a case's input in its graph. */
export function inputName(index: number): string {
  return `x${index}`;
}

/** Adds the inputs of a case to a graph. */
export function addInputs(graph: Graph, inputs: readonly CaseInput[]): Tensor[] {
  return inputs.map(({ shape, fixed }, i) =>
    graph.input(inputName(i), shape, fixed instanceof Int32Array ? 'i32' : 'f32'),
  );
}

function floatsOf({ shape, low = -1, high = 1, grid, distinct }: CaseInput, samples: Samples): Float64Array {
  if (distinct === 'planes') {
    const planes = Array.from({ length: sizeOf(shape.slice(0, -2)) }, () =>
      samples.distinct(shape.slice(-2), low, high),
    );
    return Float64Array.from(planes.flatMap((plane) => [...plane]));
  }
  if (distinct) return samples.distinct(shape, low, high);
  const floats = samples.floats(shape, low, high);
  if (!grid) return floats;
  const { step, offset = 0 } = grid;
  return floats.map((value) => offset + step * Math.round((value - offset) / step));
}

/** Contents of a case's inputs, rounded to 32 bits, so that every engine can be given the same. */
export function inputValues(name: string, inputs: readonly CaseInput[]): Record<string, Values> {
  const samples = new Samples(`inputs of ${name}`);
  const values = inputs.map((input) => input.fixed ?? floatsOf(input, samples).map(Math.fround));
  return Object.fromEntries(values.map((value, i) => [inputName(i), value]));
}

/** Builds a case, sums its result against random weights, and adds the gradients of the sum. */
export function gradientGraph({ name, inputs, build }: GradientCase): GradientGraph {
  const graph = new Graph();
  const tensors = addInputs(graph, inputs);
  const result = build(tensors);
  const weights = new Samples(`weights of ${name}`).floats(result.shape, 0.5, 1.5);
  const loss = sum(mul(result, graph.constant(Float32Array.from(weights), result.shape)));
  const checked = inputs.flatMap(({ fixed }, i) => (fixed ? [] : [i]));
  const wrt = checked.map((i) => tensors[i]!);
  const found = gradients(loss, wrt);
  const byName = Object.fromEntries(checked.map((i, k) => [inputName(i), found[k]!]));
  return { graph, result, loss, gradients: byName };
}

/**
 * Compares the gradients toward every float input with central differences, at a random choice of elements.
 *
 * @returns the kinds of operations that the function is made of
 */
export function checkGradients(gradientCase: GradientCase): Set<OpKind> {
  const { name, inputs } = gradientCase;
  const { graph, result, loss, gradients: wrt } = gradientGraph(gradientCase);
  const kinds = new Set(graph.program({ result }).nodes.map(({ kind }) => kind));
  const backend = new ReferenceBackend();
  const forward = backend.compile(graph.program({ loss }));
  const values = inputValues(name, inputs);
  const found = backend.compile(graph.program(wrt)).runExact(values);
  const lossOf = (): number => forward.runExact(values).loss![0]!;
  for (const [input, gradient] of Object.entries(found))
    compareInput(`${name}, ${input}`, values[input]!, gradient, lossOf);
  return kinds;
}

function compareInput(what: string, values: Values, gradient: Values, lossOf: () => number): void {
  assert.equal(gradient.length, values.length, what);
  const scale = Math.max(1, ...gradient.map(Math.abs));
  for (const index of chooseIndices(values.length, new Samples(what))) {
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
