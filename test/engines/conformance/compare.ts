import assert from 'node:assert/strict';
import type { Values } from '../../../src/engines/reference/kernel.js';
import type { OpKind } from '../../../src/graph/op.js';
import type { AnyProgramNode, Program } from '../../../src/graph/program.js';
import type { TensorData } from '../../../src/graph/tensorType.js';
import { onReference } from '../../support/reference.js';
import type { ConformanceCase } from './cases.js';

/** Greatest error of each operation in 32-bit floats, relative to the largest value of the output (at least 1); others 2e-6. */
const tolerances: Partial<Record<OpKind, number>> = {
  conv2d: 1e-5,
  conv2dInputGrad: 1e-5,
  conv2dWeightGrad: 1e-5,
  matmul: 1e-5,
  batchNormTrain: 1e-5,
  batchNormTrainGrad: 5e-5,
  batchNormInference: 1e-5,
  reduce: 1e-5,
  softmaxCrossEntropy: 1e-5,
};

/** oneDNN's logarithm is within 40 units of the last place. */
const LOG_TOLERANCE = 5e-6;

function toleranceOfNode(node: AnyProgramNode): number {
  if (node.kind === 'unary' && node.attributes.fn === 'log') return LOG_TOLERANCE;
  return tolerances[node.kind] ?? 2e-6;
}

/** What a case's outputs may differ by: the largest tolerance of its operations, and at least `least`. */
export function toleranceOf(program: Program, least: number): number {
  return Math.max(least, ...program.nodes.map(toleranceOfNode));
}

/** A case's outputs in double precision. */
export function expectedOutputs({ program, inputs, frozen }: ConformanceCase): Record<string, Values> {
  return onReference(program, frozen).executable.runExact(inputs);
}

/** Copies of values as engines take them. */
export function tensorData(values: Readonly<Record<string, Values>>): Record<string, TensorData> {
  return Object.fromEntries(
    Object.entries(values).map(([name, data]) => [
      name,
      data instanceof Int32Array ? data.slice() : new Float32Array(data),
    ]),
  );
}

/** Asserts that outputs have the expected names, types, sizes and values. */
export function assertClose(
  found: Readonly<Record<string, TensorData>>,
  expected: Readonly<Record<string, Values>>,
  tolerance: number,
): void {
  assert.deepEqual(Object.keys(found).sort(), Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) {
    const data = found[name]!;
    assert.equal(data instanceof Int32Array, values instanceof Int32Array, `type of ${name}`);
    assert.equal(data.length, values.length, `size of ${name}`);
    let scale = 1;
    for (const value of values) scale = Math.max(scale, Math.abs(value));
    values.forEach((value, i) => {
      const error = Math.abs(data[i]! - value) / scale;
      assert.ok(error <= tolerance, `${name}[${i}] is ${data[i]}, not ${value} (relative error ${error})`);
    });
  }
}
