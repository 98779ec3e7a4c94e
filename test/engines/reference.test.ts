import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runKernel } from '../../src/engines/reference/kernels/table.js';
import { gradients } from '../../src/graph/autodiff.js';
import { Graph } from '../../src/graph/graph.js';
import { softmaxCrossEntropy } from '../../src/graph/ops/crossEntropy.js';
import { add, clamp, mul } from '../../src/graph/ops/elementwise.js';
import { sum } from '../../src/graph/ops/reduce.js';
import { GraphError } from '../../src/graph/tensorType.js';
import { onReference } from '../support/reference.js';

/** (x + 2⁻³⁰)·2: the addend is lost in 32 bits next to 1. */
function precisionProgram() {
  const graph = new Graph();
  return graph.program({ y: mul(add(graph.input('x', [1]), 2 ** -30), 2) });
}

test('the arithmetic is of 64 or 32 bits', () => {
  const exact = onReference(precisionProgram()).executable;
  const rounded = onReference(precisionProgram(), new Map(), 'f32').executable;
  const x = Float64Array.of(1);
  assert.deepEqual(exact.runExact({ x }), { y: Float64Array.of(2 + 2 ** -29) });
  assert.deepEqual(rounded.runExact({ x }), { y: Float32Array.of(2) });
  assert.deepEqual(exact.run({ x }), { y: Float32Array.of(2) });
  assert.equal(x.length, 1, 'inputs stay the caller’s');
});

test('variables keep the arithmetic’s precision', () => {
  const graph = new Graph();
  const w = graph.variable('w', [1]);
  const program = graph.program({}, new Map([['w', add(w, graph.input('x', [1]))]]));
  const { executable, variables } = onReference(program);
  executable.run({ x: Float64Array.of(0.1) });
  executable.run({ x: Float64Array.of(0.2) });
  assert.deepEqual(variables.get('w')!.readExact(), Float64Array.of(0.1 + 0.2));
  assert.deepEqual(variables.get('w')!.read(), Float32Array.of(0.1 + 0.2));
});

test('what does not fit is refused', () => {
  const graph = new Graph();
  const { executable } = onReference(graph.program({ y: add(graph.input('x', [2]), 1) }));
  assert.throws(() => executable.run({ x: Float32Array.of(1) }), /the input x has 1 values, not 2/);
  assert.throws(() => executable.run({}), /the input x has no values, not 2/);
});

test('a label that is no class is refused with its place', () => {
  for (const label of [3, -1]) {
    const graph = new Graph();
    const logits = graph.input('logits', [2, 3]);
    const { loss } = softmaxCrossEntropy(logits, graph.input('labels', [2], 'i32'));
    const executable = onReference(graph.program({ loss })).executable;
    assert.throws(
      () => executable.run({ logits: new Float32Array(6), labels: Int32Array.of(0, label) }),
      (error) => error instanceof GraphError && /label -?\d of image 1 is not in 0 … 2/.test(error.message),
    );
  }
});

test('kernels compute on arrays of the caller', () => {
  const a = { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) };
  const y = { shape: [2, 2], data: new Float32Array(4).fill(9) };
  runKernel('matmul', { transposeA: true, transposeB: false }, [a, a], [y]);
  assert.deepEqual([...y.data], [10, 14, 14, 20]);
});

test('a clamped element has no gradient in either arithmetic, whichever bounds', () => {
  const graph = new Graph();
  const x = graph.input('x', [4]);
  const program = graph.program({ dx: gradients(sum(clamp(x, 0.1, 0.9)), [x])[0]! });
  for (const arithmetic of ['f64', 'f32'] as const) {
    const { executable } = onReference(program, new Map(), arithmetic);
    const { dx } = executable.runExact({ x: Float32Array.of(-5, 0.1, 0.5, 3) });
    assert.deepEqual([...dx!], [0, 0, 1, 0], arithmetic);
  }
});
