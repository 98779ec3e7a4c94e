import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReferenceBackend } from '../../src/engines/reference/backend.js';
import type { Values } from '../../src/engines/reference/kernel.js';
import { Graph } from '../../src/graph/graph.js';
import { batchNormTrain } from '../../src/graph/ops/batchNorm.js';
import { sgdUpdate } from '../../src/graph/ops/sgd.js';
import { gradientGraph, inputName, inputValues } from '../support/gradientCheck.js';
import { type PythonTensor, runPython, skipWithoutPython } from '../support/python.js';
import { onReference } from '../support/reference.js';
import { Samples } from '../support/samples.js';
import { torchCases } from './opCases.js';

/** Both sides compute in double precision; this is relative to the largest value. */
const TOLERANCE = 1e-12;

/** For each case: its value, and the gradients of the sum of value · weights. */
const casesSource = `
import torch.nn.functional as F
for i, case in enumerate(args):
    x = [tensors['%d.%s' % (i, name)] for name in case['inputs']]
    for k in case['checked']:
        x[k].requires_grad_()
    y = eval(case['python'])
    (y * tensors['%d.weights' % i]).sum().backward()
    result['%d.result' % i] = y
    for k in case['checked']:
        result['%d.x%d' % (i, k)] = x[k].grad
`;

function assertSame(
  what: string,
  found: Values,
  expected: PythonTensor['data'],
  tolerance = TOLERANCE,
): void {
  assert.equal(found.length, expected.length, what);
  let scale = 1e-30;
  for (const value of expected) scale = Math.max(scale, Math.abs(Number(value)));
  found.forEach((value, i) => {
    const error = Math.abs(value - Number(expected[i])) / scale;
    assert.ok(error <= tolerance, `${what}[${i}] is ${value}, in PyTorch ${expected[i]}`);
  });
}

/** Each case as PyTorch computes it, in one process. */
async function runCases(): Promise<Record<string, PythonTensor>> {
  const tensors: Record<string, PythonTensor> = {};
  const args = torchCases.map(({ name, inputs, python, build }, i) => {
    const { result } = gradientGraph({ name, inputs, build });
    const weights = new Samples(`weights of ${name}`).floats(result.shape, 0.5, 1.5).map(Math.fround);
    tensors[`${i}.weights`] = { shape: [...result.shape], data: weights };
    for (const [input, data] of Object.entries(inputValues(name, inputs))) {
      const { shape } = inputs[Number(input.slice(1))]!;
      tensors[`${i}.${input}`] = { shape: [...shape], data };
    }
    const checked = inputs.flatMap(({ fixed }, k) => (fixed ? [] : [k]));
    return { python, checked, inputs: inputs.map((_, k) => inputName(k)) };
  });
  return (await runPython(casesSource, { args, tensors })).tensors;
}

const skip = skipWithoutPython();

describe('values and gradients are PyTorch’s', { skip }, () => {
  let results: Promise<Record<string, PythonTensor>> | undefined;
  torchCases.forEach((torchCase, i) => {
    test(torchCase.name, async () => {
      results ??= runCases();
      const expected = await results;
      const { graph, result, gradients } = gradientGraph(torchCase);
      const executable = new ReferenceBackend().compile(graph.program({ result, ...gradients }));
      const found = executable.runExact(inputValues(torchCase.name, torchCase.inputs));
      for (const [name, values] of Object.entries(found))
        assertSame(name, values, expected[`${i}.${name}`]!.data, torchCase.tolerance);
    });
  });
});

test('batch statistics are those that PyTorch’s running ones are made of', { skip }, async () => {
  const shape = [3, 2, 4, 2];
  const x = new Samples('statistics').floats(shape, 1, 3);
  const { tensors } = await runPython(
    `
import torch.nn.functional as F
mean, var = torch.zeros(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)
F.batch_norm(tensors['x'], mean, var, training=True, momentum=1.0)
result['mean'], result['unbiased'] = mean, var
`,
    { tensors: { x: { shape, data: x } } },
  );
  const graph = new Graph();
  const constant = (value: number) => graph.constant(new Float32Array(2).fill(value), [2]);
  const { mean, variance } = batchNormTrain(graph.input('x', shape), constant(1), constant(0), 1e-5);
  const found = new ReferenceBackend().compile(graph.program({ mean, variance })).runExact({ x });
  assertSame('mean', found.mean!, tensors.mean!.data);
  assertSame(
    'variance',
    found.variance!.map((v) => (v * 24) / 23),
    tensors.unbiased!.data,
  );
});

const SIZE = 5;
const STEPS = 4;
const sgdSettings = [
  { momentum: 0, weightDecay: 0, nesterov: false },
  { momentum: 0, weightDecay: 0.1, nesterov: false },
  { momentum: 0.9, weightDecay: 0, nesterov: false },
  { momentum: 0.9, weightDecay: 1e-4, nesterov: false },
  { momentum: 0.8, weightDecay: 0.01, nesterov: true },
];

const sgdSource = `
for i, s in enumerate(args):
    w = tensors['w'].clone().requires_grad_()
    optimizer = torch.optim.SGD([w], lr=1, momentum=s['momentum'], weight_decay=s['weightDecay'], nesterov=s['nesterov'])
    for step in range(${STEPS}):
        optimizer.param_groups[0]['lr'] = float(tensors['rates'][step])
        w.grad = tensors['gradients'][step].clone()
        optimizer.step()
        result['%d.%d' % (i, step)] = w.clone()
`;

test('SGD takes PyTorch’s steps', { skip }, async () => {
  const samples = new Samples('sgd');
  const w = samples.floats([SIZE]);
  const rates = samples.floats([STEPS], 0.01, 0.5);
  const gradients = samples.floats([STEPS, SIZE]);
  const { tensors } = await runPython(sgdSource, {
    args: sgdSettings,
    tensors: {
      w: { shape: [SIZE], data: w },
      rates: { shape: [STEPS], data: rates },
      gradients: { shape: [STEPS, SIZE], data: gradients },
    },
  });
  sgdSettings.forEach((settings, i) => {
    const graph = new Graph();
    const next = sgdUpdate(
      {
        parameter: graph.variable('w', [SIZE]),
        gradient: graph.input('gradient', [SIZE]),
        momentum: graph.variable('m', [SIZE]),
        learningRate: graph.input('rate', []),
      },
      settings,
    );
    const updates = new Map([
      ['w', next.parameter],
      ['m', next.momentum],
    ]);
    const { executable, variables } = onReference(graph.program({}, updates), new Map([['w', w]]));
    for (let step = 0; step < STEPS; step++) {
      const gradient = gradients.slice(step * SIZE, (step + 1) * SIZE);
      executable.runExact({ gradient, rate: rates.slice(step, step + 1) });
      const found = variables.get('w')!.readExact();
      assertSame(`${JSON.stringify(settings)}, step ${step}`, found, tensors[`${i}.${step}`]!.data);
    }
  });
});
