import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FusionName, fuse, fusions } from '../../../src/engines/fusion/fuse.js';
import type { AnyEngineNode } from '../../../src/engines/fusion/node.js';
import type { FusionRule } from '../../../src/engines/fusion/rule.js';
import { isSource } from '../../../src/engines/fusion/sources.js';
import { Usage } from '../../../src/engines/fusion/usage.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { batchNormInference, batchNormTrain } from '../../../src/graph/ops/batchNorm.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { add, hswish, mul, relu, sub } from '../../../src/graph/ops/elementwise.js';
import { matmul } from '../../../src/graph/ops/matmul.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import { sgdUpdate } from '../../../src/graph/ops/sgd.js';
import { channelShuffle, concat, slice } from '../../../src/graph/ops/shape.js';
import type { Program } from '../../../src/graph/program.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { biasLoss } from '../../../src/losses/biasLoss.js';
import { createModel } from '../../../src/models/registry.js';
import { adamw } from '../../../src/optim/adamw.js';
import { lion } from '../../../src/optim/lion.js';
import type { Optimizer } from '../../../src/optim/optimizer.js';
import { rmsprop } from '../../../src/optim/rmsprop.js';
import { sgd } from '../../../src/optim/sgd.js';
import { evaluationProgram, trainProgram, updateProgram } from '../../../src/train/programs.js';

/** An optimiser whose updates are not joined. */
const averaged: Optimizer = {
  state: [],
  update: ({ value, gradient }, { learningRate }) => ({
    value: sub(value, mul(gradient, learningRate)),
    state: {},
  }),
};

const everyName = Object.keys(fusions) as FusionName[];
const others = (name: FusionName): FusionName[] => everyName.filter((other) => other !== name);

/** A program of outputs that are built from images [2,4,3,3] and vectors of 4. */
function programOf(
  build: (x: Tensor, vector: (name: string) => Tensor) => Readonly<Record<string, Tensor>>,
): Program {
  const graph = new Graph();
  const outputs = build(graph.input('x', [2, 4, 3, 3]), (name) => graph.input(name, [4]));
  return graph.program(outputs);
}

/** A program that updates two parameters by an optimiser, and keeps averages of them if a decay is given. */
function updatesOf(optimizer: Optimizer, averageDecay?: number): Program {
  return updateProgram(
    optimizer,
    [
      { name: 'w', shape: [4, 3] },
      { name: 'b', shape: [4] },
    ],
    { averageDecay },
  );
}

const conv = (x: Tensor, name = 'w'): Tensor => conv2d(x, input(x, name, [4, 4, 1, 1]));

function input(like: Tensor, name: string, shape: readonly number[]): Tensor {
  return like.graph.emit('input', { name, shape, dtype: 'f32' }, [])[0]!;
}

function normRelu(x: Tensor, vector: (name: string) => Tensor): Tensor {
  return relu(batchNormTrain(x, vector('gamma'), vector('beta'), 1e-5).y);
}

/** For each fusion a program that it fits. */
const fitting: { readonly [F in FusionName]: Program } = {
  batchNormRelu: programOf((x, vector) => ({ y: normRelu(x, vector) })),
  batchNormReluGrad: programOf((x, vector) => {
    const y = normRelu(x, vector);
    return { dx: gradients(sum(mul(y, y)), [x])[0]! };
  }),
  batchNormGradAdd: programOf((x, vector) => {
    const y = add(x, normRelu(x, vector));
    return { dx: gradients(sum(mul(y, y)), [x])[0]! };
  }),
  convAdd: programOf((x) => ({ y: add(x, conv(x)) })),
  convActivation: programOf((x) => ({ y: hswish(conv(x)) })),
  batchNormInferenceRelu: programOf((x, vector) => ({
    y: relu(
      batchNormInference(
        x,
        vector('gamma'),
        vector('beta'),
        { mean: vector('m'), variance: vector('v') },
        1e-5,
      ),
    ),
  })),
  addRelu: programOf((x) => ({ y: relu(add(x, input(x, 'z', x.shape))) })),
  parameterGrad: programOf((x, vector) => {
    const [w, b] = [input(x, 'w', [4, 4, 1, 1]), vector('b')];
    const y = conv2d(x, w, b);
    const [dw, db] = gradients(sum(mul(y, y)), [w, b]);
    return { dw: dw!, db: db! };
  }),
  matmulBias: programOf((x, vector) => ({
    y: add(matmul(input(x, 'a', [3, 2]), input(x, 'b', [2, 4])), vector('bias')),
  })),
  weightedSum: programOf((_, vector) => ({ y: add(mul(vector('a'), 0.9), mul(vector('b'), 0.1)) })),
  interleave: programOf((x) => ({ y: channelShuffle(concat([x, input(x, 'z', x.shape)], 1), 2) })),
  alternate: programOf((x) => {
    const shuffled = channelShuffle(x, 2);
    return { a: slice(shuffled, 1, 0, 2), b: slice(shuffled, 1, 2, 4) };
  }),
  sgdUpdates: updatesOf(sgd()),
  adamwUpdates: updatesOf(adamw()),
  rmspropUpdates: updatesOf(rmsprop()),
  lionUpdates: updatesOf(lion()),
  averageUpdates: updatesOf(averaged, 0.9),
};

for (const name of everyName) {
  test(`${name} is applied if it is chosen, and only then`, () => {
    const program = fitting[name];
    const { makes } = fusions[name];
    const count = (chosen: readonly FusionName[]): number =>
      fuse(program, { fusions: chosen }).filter(({ kind }) => kind === makes).length;
    assert.ok(count(everyName) > 0);
    assert.equal(count(others(name)), 0);
    assert.deepEqual(fuse(program, { fusions: [] }), program.nodes);
  });
}

test('updates of a kind are one, with the multiplication of their gradients, but for what is read in between', () => {
  const nodes = fuse(updatesOf(sgd()), { fusions: ['sgdUpdates'] });
  const [joined, ...others] = nodes.flatMap((node) => (node.kind === 'updates' ? [node] : []));
  assert.equal(others.length, 0);
  assert.equal(joined!.attributes.parts.length, 2);
  assert.ok(joined!.attributes.parts.every(({ scaling }) => scaling?.attributes.fn === 'mul'));
  assert.ok(!nodes.some(({ kind }) => kind === 'binary'));

  const graph = new Graph();
  const settings = { momentum: 0.9, weightDecay: 0, nesterov: false };
  const rate = graph.input('rate', []);
  const updated = (name: string, gradient: Tensor) =>
    sgdUpdate(
      {
        parameter: graph.variable(name, [4]),
        gradient,
        momentum: graph.variable(`${name}.m`, [4]),
        learningRate: rate,
      },
      settings,
    ).parameter;
  const first = updated('a', graph.input('g', [4]));
  for (const last of [updated('b', mul(first, 2)), updated('c', first)]) {
    const kinds = fuse(graph.program({ first, last }), { fusions: ['sgdUpdates'] }).map(({ kind }) => kind);
    assert.deepEqual(
      kinds.filter((kind) => kind.includes('pdate')),
      ['sgdUpdate', 'updates'],
    );
  }
});

test('a convolution ends with the functions that are chosen', () => {
  const program = programOf((x) => ({ a: relu(conv(x)), b: hswish(conv(x, 'v')) }));
  const activationsOf = (nodes: readonly AnyEngineNode[]): unknown[] =>
    nodes.flatMap((node) => (node.kind === 'conv2dFused' ? [node.attributes.activation?.fn] : []));
  const choice = { fusions: ['convActivation'] } as const;
  assert.deepEqual(activationsOf(fuse(program, choice)), ['relu', 'hswish']);
  const limited = fuse(program, { ...choice, activations: ['relu'] });
  assert.deepEqual(activationsOf(limited), ['relu']);
  assert.ok(limited.some((node) => node.kind === 'unary' && node.attributes.fn === 'hswish'));
});

test('a value that is read twice, or leaves the program, is computed', () => {
  const twice = programOf((x) => {
    const y = conv(x);
    return { z: mul(relu(y), y) };
  });
  const leaves = programOf((x) => {
    const y = conv(x);
    return { y, z: relu(y) };
  });
  for (const program of [twice, leaves])
    assert.deepEqual(fuse(program, { fusions: everyName }), program.nodes);
});

const models: readonly (readonly [string, Program])[] = (
  [
    { name: 'resnet18' },
    { name: 'shufflenetv2', ratio: 0.5 },
    { name: 'densenet121' },
    { name: 'skipblocknet' },
  ] as const
).flatMap((options) => {
  const model = createModel({ ...options, classes: 10 });
  return [
    [`${options.name}, training`, trainProgram(model, biasLoss(), sgd(), 4)],
    [`${options.name}, evaluation`, evaluationProgram(model, 4)],
  ] as const;
});

for (const [title, program] of models) {
  test(`${title}: fewer nodes, each after those that it reads, and all results are there`, () => {
    const nodes = fuse(program, { fusions: everyName });
    assert.ok(nodes.length < program.nodes.length, `${nodes.length} of ${program.nodes.length} nodes`);
    const made = new Set<number>();
    for (const node of nodes) {
      for (const value of node.inputs) assert.ok(made.has(value), `${node.kind} reads ${value} too early`);
      for (const value of node.outputs) {
        assert.ok(!made.has(value), `${value} is made twice`);
        made.add(value);
      }
    }
    for (const value of [...Object.values(program.outputs), ...Object.values(program.updates)])
      assert.ok(made.has(value));
    assert.deepEqual(nodes.filter(isSource), program.nodes.filter(isUsedSource(program, nodes)));
  });
}

/** Sources that something still reads, and inputs: a constant may have become an attribute. */
function isUsedSource(program: Program, nodes: readonly AnyEngineNode[]) {
  const usage = new Usage(nodes, program);
  return (node: Program['nodes'][number]): boolean =>
    isSource(node) &&
    (node.kind === 'input' || usage.isKept(node.outputs[0]!) || usage.usersOf(node.outputs[0]!).length > 0);
}

test('descriptions say what becomes of which nodes', () => {
  const rules: readonly FusionRule[] = Object.values(fusions);
  const seen = new Set<string>();
  for (const program of [...Object.values(fitting), ...models.map(([, each]) => each)]) {
    for (const fusions of [[], ['batchNormRelu'], ['convAdd']] as const) {
      const nodes: readonly AnyEngineNode[] = fuse(program, { fusions });
      const surroundings = {
        usage: new Usage(nodes, program),
        values: program.values,
        activations: undefined,
      };
      for (const { match, ...description } of rules) {
        for (const node of nodes) {
          const found = match(node, surroundings);
          if (!found) continue;
          seen.add(description.makes);
          assert.equal(found.replaced, node);
          assert.equal(node.kind, description.at);
          assert.equal(found.by.kind, description.makes);
          for (const { kind } of found.absorbed) assert.ok(description.joins.includes(kind), kind);
        }
      }
    }
  }
  assert.deepEqual([...seen].sort(), [...new Set(rules.map(({ makes }) => makes))].sort());
});
