import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../../src/graph/graph.js';
import { batchNormInference, batchNormTrain } from '../../src/graph/ops/batchNorm.js';
import { allReduceAll } from '../../src/graph/ops/collective.js';
import { conv2d } from '../../src/graph/ops/conv.js';
import { softmaxCrossEntropy } from '../../src/graph/ops/crossEntropy.js';
import { add, mul, relu, select } from '../../src/graph/ops/elementwise.js';
import { matmul } from '../../src/graph/ops/matmul.js';
import { adaptiveAvgPool2d, avgPool2d, maxPool2d } from '../../src/graph/ops/pooling.js';
import { broadcastTo, sum, variance } from '../../src/graph/ops/reduce.js';
import { sgdUpdate } from '../../src/graph/ops/sgd.js';
import {
  channelShuffle,
  concat,
  flatten,
  pad,
  reshape,
  slice,
  transpose,
} from '../../src/graph/ops/shape.js';
import type { Tensor } from '../../src/graph/tensor.js';
import { broadcastShapes, GraphError, type Shape, stridesOf } from '../../src/graph/tensorType.js';

const graph = new Graph();
let count = 0;
const f32 = (...shape: number[]): Tensor => graph.input(`x${count++}`, shape);
const i32 = (...shape: number[]): Tensor => graph.input(`i${count++}`, shape, 'i32');

const shapes: [what: string, tensor: Tensor, expected: Shape][] = [
  ['the second tensor of allReduce', allReduceAll([f32(2), f32(3, 1)], 'max')[1]!, [3, 1]],
  ['conv2d', conv2d(f32(2, 3, 8, 9), f32(5, 3, 3, 2)), [2, 5, 6, 8]],
  [
    'conv2d with padding',
    conv2d(f32(1, 4, 7, 7), f32(4, 1, 5, 3), f32(4), { groups: 4, padding: [2, 1] }),
    [1, 4, 7, 7],
  ],
  [
    'conv2d with stride',
    conv2d(f32(1, 4, 8, 7), f32(6, 2, 3, 3), undefined, { groups: 2, stride: [2, 3] }),
    [1, 6, 3, 2],
  ],
  ['matmul', matmul(f32(3, 4), f32(5, 4), { transposeB: true }), [3, 5]],
  ['broadcast', add(f32(2, 1, 4), f32(3, 1)), [2, 3, 4]],
  ['broadcast with a number', mul(f32(2, 3), 2), [2, 3]],
  ['select', select(f32(2, 1), f32(3), f32(1, 1)), [2, 3]],
  ['sum', sum(f32(2, 3, 4), [0, 2]), [3]],
  ['sum, kept', sum(f32(2, 3, 4), [0, 2], true), [1, 3, 1]],
  ['sum of all', sum(f32(2, 3)), []],
  ['avgPool2d', avgPool2d(f32(1, 2, 7, 8), 3, { stride: 2, padding: 1 }), [1, 2, 4, 4]],
  ['avgPool2d, stride by default', avgPool2d(f32(1, 2, 7, 8), 2), [1, 2, 3, 4]],
  ['adaptiveAvgPool2d', adaptiveAvgPool2d(f32(1, 2, 7, 8), [3, 9]), [1, 2, 3, 9]],
  ['concat', concat([f32(2, 3), f32(2, 1)], 1), [2, 4]],
  ['slice', slice(f32(2, 5), 1, 1, 4), [2, 3]],
  ['pad', pad(f32(2, 5), 0, 1, 2), [5, 5]],
  ['flatten', flatten(f32(2, 5, 3)), [2, 15]],
  ['transpose', transpose(f32(2, 5, 3), [2, 0, 1]), [3, 2, 5]],
  ['cross-entropy', softmaxCrossEntropy(f32(4, 10), i32(4)).loss, [4]],
];

for (const [what, tensor, expected] of shapes)
  test(`shape of ${what}`, () => assert.deepEqual(tensor.shape, expected));

const refused: [what: string, build: () => unknown, message: RegExp][] = [
  ...[avgPool2d, maxPool2d].map((pool): [string, () => unknown, RegExp] => [
    `padding of more than half of the kernel in ${pool.name}`,
    () => pool(f32(1, 1, 4, 4), [3, 2], { padding: [1, 2] }),
    new RegExp(`${pool.name}: padding 1×2 is more than half of kernel 3×2`),
  ]),
  [
    'channels',
    () => conv2d(f32(1, 3, 8, 8), f32(4, 2, 3, 3)),
    /conv2d: weight \[4, 2, 3, 3\] in 1 groups does not fit input \[1, 3, 8, 8\]/,
  ],
  [
    'groups',
    () => conv2d(f32(1, 4, 8, 8), f32(3, 2, 3, 3), undefined, { groups: 2 }),
    /in 2 groups does not fit/,
  ],
  [
    'no groups',
    () => conv2d(f32(1, 4, 8, 8), f32(3, 2, 3, 3), undefined, { groups: 0 }),
    /stride, dilation and groups must be positive/,
  ],
  [
    'a kernel too large',
    () => conv2d(f32(1, 1, 3, 3), f32(1, 1, 4, 2)),
    /kernel 4×2 is larger than the padded input \[1, 1, 3, 3\]/,
  ],
  [
    'a stride of 0',
    () => conv2d(f32(1, 1, 3, 3), f32(1, 1, 1, 1), undefined, { stride: 0 }),
    /stride, dilation and groups must be positive/,
  ],
  [
    'a negative padding',
    () => conv2d(f32(1, 1, 3, 3), f32(1, 1, 1, 1), undefined, { padding: -1 }),
    /padding must be whole numbers/,
  ],
  [
    'an image of 3 axes',
    () => conv2d(f32(1, 3, 3), f32(1, 1, 1, 1)),
    /conv2d: input 0 needs 4 axes, not \[1, 3, 3\]/,
  ],
  ['a bias', () => conv2d(f32(1, 1, 3, 3), f32(2, 1, 1, 1), f32(1)), /conv2d: bias must be \[2\], not \[1\]/],
  [
    'integers in conv2d',
    () => conv2d(i32(1, 1, 3, 3), f32(2, 1, 1, 1)),
    /conv2d takes f32 tensors, not i32\[1, 1, 3, 3\]/,
  ],
  ['inner sizes', () => matmul(f32(2, 3), f32(4, 5)), /matmul: inner sizes of \[2, 3\] and \[4, 5\] differ/],
  ['vectors in matmul', () => matmul(f32(3), f32(3, 5)), /matmul: input 0 needs 2 axes/],
  [
    'gamma',
    () => batchNormTrain(f32(2, 3, 4, 4), f32(4), f32(3), 1e-5),
    /batchNormTrain: input 1 must be \[3\], not \[4\]/,
  ],
  [
    'running variance',
    () => batchNormInference(f32(2, 3, 4, 4), f32(3), f32(3), { mean: f32(3), variance: f32(1) }, 1e-5),
    /batchNormInference: input 4 must be \[3\]/,
  ],
  ['broadcasting', () => add(f32(2, 3), f32(2)), /shapes \[2, 3\] and \[2\] do not broadcast/],
  ['two numbers', () => add(1, 2), /needs a tensor/],
  ['integers in relu', () => relu(i32(2)), /relu takes f32/],
  ['an axis', () => sum(f32(2, 3), [2]), /reduce: axis 2 is outside of \[2, 3\]/],
  ['a negative axis', () => sum(f32(2, 3), [-1]), /reduce: axis -1 is outside/],
  ['repeated axes', () => variance(f32(2, 3), [1, 1]), /reduce: axes 1, 1 repeat/],
  ['broadcastTo', () => broadcastTo(f32(2, 3), [2, 1]), /broadcastTo: result must be \[2, 1\], not \[2, 3\]/],
  ['labels of floats', () => softmaxCrossEntropy(f32(4, 10), f32(4)), /labels must be i32, not f32\[4\]/],
  ['a number of labels', () => softmaxCrossEntropy(f32(4, 10), i32(5)), /labels must be \[4\], not \[5\]/],
  [
    'label smoothing',
    () => softmaxCrossEntropy(f32(4, 10), i32(4), 1),
    /label smoothing must be in \[0, 1\), not 1/,
  ],
  [
    'a pooling window',
    () => avgPool2d(f32(1, 1, 2, 2), 3),
    /avgPool2d: kernel 3×3 is larger than \[1, 1, 2, 2\]/,
  ],
  [
    'a pooling stride',
    () => avgPool2d(f32(1, 1, 2, 2), 1, { stride: 1.5 }),
    /kernel and stride must be positive whole/,
  ],
  ['an empty pooling output', () => adaptiveAvgPool2d(f32(1, 1, 2, 2), 0), /output size must be positive/],
  [
    'parts to join',
    () => concat([f32(2, 3), f32(3, 3)], 1),
    /concat: other dimensions must be \[2, 0\], not \[3, 0\]/,
  ],
  ['types to join', () => concat([f32(2), i32(2)], 0), /concat: f32 and i32 do not join/],
  ['a slice', () => slice(f32(2, 3), 1, 1, 4), /slice: 1 to 4 along axis 1 is outside of \[2, 3\]/],
  ['an empty slice', () => slice(f32(2, 3), 1, 1, 1), /slice: 1 to 1/],
  ['half a slice', () => slice(f32(2, 3), 1, 0.5, 2), /start and end must be whole/],
  ['padding', () => pad(f32(2, 3), 1, -1, 0), /before and after must be whole/],
  ['a reshape', () => reshape(f32(2, 3), [4]), /reshape: \[2, 3\] does not have the size of \[4\]/],
  ['a reshape to negative sizes', () => reshape(f32(2, 3), [-2, -3]), /reshape: sizes must be positive/],
  ['a permutation', () => transpose(f32(2, 3), [0, 0]), /\[0, 0\] is not a permutation/],
  ['channel groups', () => channelShuffle(f32(1, 6, 1, 1), 4), /6 channels do not divide into 4 groups/],
  ['negative channel groups', () => channelShuffle(f32(1, 6, 1, 1), -2), /groups must be positive/],
  ['a constant', () => graph.constant(Float32Array.of(1, 2), [3]), /constant: 2 values do not fill \[3\]/],
  ['an empty input', () => f32(2, 0), /sizes of x\d+ must be positive whole numbers, not 2, 0/],
  [
    'a fraction of an input',
    () => graph.variable('fraction', [1.5]),
    /variable: sizes of fraction must be positive/,
  ],
  [
    'a learning rate',
    () =>
      sgdUpdate(
        { parameter: f32(2), gradient: f32(2), momentum: f32(2), learningRate: f32(1) },
        { momentum: 0, weightDecay: 0, nesterov: false },
      ),
    /sgdUpdate: learning rate must be \[\], not \[1\]/,
  ],
  [
    'a name with two shapes',
    () => [graph.variable('twice', [2]), graph.variable('twice', [3])],
    /variable twice is already there with another shape/,
  ],
  ['another graph', () => add(f32(2), new Graph().input('x', [2])), /an input belongs to another graph/],
];

for (const [what, build, message] of refused) {
  test(`refused: ${what}`, () =>
    assert.throws(build, (error) => error instanceof GraphError && message.test(error.message)));
}

test('shapes broadcast from the last axis on', () => {
  assert.deepEqual(broadcastShapes([], []), []);
  assert.deepEqual(broadcastShapes([3, 1], [1, 4]), [3, 4]);
  assert.throws(() => broadcastShapes([2], [3]), GraphError);
  assert.deepEqual(stridesOf([2, 3, 4]), [12, 4, 1]);
});

test('operations that change nothing add no node', () => {
  const x = f32(2, 3);
  assert.equal(reshape(x, [2, 3]), x);
  assert.equal(slice(x, 1, 0, 3), x);
  assert.equal(pad(x, 0, 0, 0), x);
  assert.equal(concat([x], 0), x);
});
