import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Optimizer, stateVariable } from '../../src/optim/optimizer.js';
import { sgd } from '../../src/optim/sgd.js';
import { updateProgram } from '../../src/train/programs.js';
import { type PythonTensor, runPython, skipWithoutPython } from '../support/python.js';
import { onReference } from '../support/reference.js';
import { Samples } from '../support/samples.js';
import { adam } from '../train/fixtures/optimizers.js';

const PARAMETERS = [
  { name: 'conv', shape: [4, 3, 3, 3] },
  { name: 'fc', shape: [5, 4] },
  { name: 'bias', shape: [5] },
];
const STEPS = 4;

interface Case {
  readonly title: string;
  readonly optimizer: Optimizer;
  /** The same in PyTorch, of the parameters `w`. */
  readonly python: string;
  readonly clipNorm?: number;
}

const cases: readonly Case[] = [
  {
    title: 'SGD, clipped in every step',
    optimizer: sgd({ momentum: 0.9, weightDecay: 1e-3 }),
    python: 'torch.optim.SGD(w, lr=0.1, momentum=0.9, weight_decay=1e-3)',
    clipNorm: 0.7,
  },
  {
    title: 'SGD, clipped never',
    optimizer: sgd({ momentum: 0.9, nesterov: true }),
    python: 'torch.optim.SGD(w, lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)',
    clipNorm: 1e6,
  },
  {
    title: 'an Adam of one’s own',
    optimizer: adam(),
    python: 'torch.optim.Adam(w, lr=0.1)',
    clipNorm: 2,
  },
];

const source = `
w = [tensors[name].clone().requires_grad_() for name in args['names']]
optimizer = eval(args['python'])
for step in range(args['steps']):
    for name, parameter in zip(args['names'], w):
        parameter.grad = tensors['%s.%d' % (name, step)].clone()
    result['norm.%d' % step] = torch.nn.utils.clip_grad_norm_(w, args['clipNorm'])
    optimizer.step()
for name, parameter in zip(args['names'], w):
    result[name] = parameter.detach()
`;

/** Start values, and each step's gradients as `NAME.STEP`. */
function inputs(): Record<string, PythonTensor> {
  const samples = new Samples('updates');
  const tensors: Record<string, PythonTensor> = {};
  for (const { name, shape } of PARAMETERS) {
    tensors[name] = { shape, data: samples.floats(shape) };
    for (let step = 0; step < STEPS; step++)
      tensors[`${name}.${step}`] = { shape, data: samples.floats(shape) };
  }
  return tensors;
}

function assertClose(what: string, actual: ArrayLike<number>, expected: PythonTensor['data']): void {
  assert.equal(actual.length, expected.length, what);
  for (let i = 0; i < actual.length; i++) {
    const error = Math.abs(actual[i]! - Number(expected[i]));
    assert.ok(error <= 1e-6, `${what}[${i}] is ${actual[i]}, in PyTorch ${expected[i]}`);
  }
}

describe('updates as PyTorch’s', { skip: skipWithoutPython() }, () => {
  for (const { title, optimizer, python, clipNorm } of cases)
    test(title, async () => {
      const tensors = inputs();
      const names = PARAMETERS.map(({ name }) => name);
      const expected = await runPython(source, { args: { names, python, clipNorm, steps: STEPS }, tensors });
      const initial = new Map(names.map((name) => [name, Float32Array.from(tensors[name]!.data, Number)]));
      const program = updateProgram(optimizer, PARAMETERS, { clipNorm });
      const { executable, variables } = onReference(program, initial);
      for (let step = 0; step < STEPS; step++) {
        const gradients = names.map((name) => [`gradient.${name}`, tensors[`${name}.${step}`]!.data]);
        const outputs = executable.runExact({
          ...Object.fromEntries(gradients),
          gradientScale: Float64Array.of(1),
          learningRate: Float64Array.of(0.1),
          step: Float64Array.of(step + 1),
        });
        assertClose(`norm ${step}`, outputs.gradientNorm!, expected.tensors[`norm.${step}`]!.data);
      }
      for (const name of names) {
        assertClose(name, variables.get(name)!.readExact(), expected.tensors[name]!.data);
        for (const state of optimizer.state) assert.ok(variables.has(stateVariable(state, name)));
      }
    });
});
