import assert from 'node:assert/strict';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { add, clamp, mul } from '../../../src/graph/ops/elementwise.js';
import { matmul } from '../../../src/graph/ops/matmul.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import { sgdUpdate } from '../../../src/graph/ops/sgd.js';
import { reshape } from '../../../src/graph/ops/shape.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import { type Behaviour, compiled, floats, readOne } from './compiled.js';

/** Tests of programs that update variables, by name. */
export const updateBehaviours: Readonly<Record<string, Behaviour>> = {
  'all updates read the values from before the step': async (engine) => {
    const graph = new Graph();
    const [a, b] = [graph.variable('swap.a', [2]), graph.variable('swap.b', [2])];
    const program = graph.program(
      { total: add(a, b) },
      new Map([
        ['swap.a', b],
        ['swap.b', a],
      ]),
    );
    const values = { 'swap.a': floats(1, 2), 'swap.b': floats(3, 4) };
    const { executable, variables } = await compiled(engine, program, values);
    for (let i = 0; i < 3; i++) assert.deepEqual([...(await executable.run({})).total!], [4, 6]);
    assert.deepEqual(await readOne(variables, 'swap.a'), [3, 4]);
    assert.deepEqual(await readOne(variables, 'swap.b'), [1, 2]);
  },

  'a view of a variable that is updated keeps the value from before the step': async (engine) => {
    const graph = new Graph();
    const [w, m] = [graph.variable('view.w', [64, 40]), graph.variable('view.m', [64, 40])];
    const view = reshape(w, [40, 64]);
    const gradient = graph.input('gradient', [64, 40]);
    const state = { parameter: w, gradient, momentum: m, learningRate: graph.input('rate', []) };
    const next = sgdUpdate(state, { momentum: 0, weightDecay: 0, nesterov: false });
    const updates = new Map([
      ['view.w', next.parameter],
      ['view.m', next.momentum],
    ]);
    const { executable, variables } = await compiled(engine, graph.program({ y: mul(view, 2) }, updates));
    for (let step = 0; step < 3; step++) {
      const inputs = { gradient: new Float32Array(64 * 40).fill(-1), rate: floats(1) };
      assert.equal((await executable.run(inputs)).y![5], 2 * step);
    }
    assert.equal((await readOne(variables, 'view.w'))[5], 3);
  },

  'weights may be clamped, and a loss may depend on their update': async (engine) => {
    const graph = new Graph();
    const [w, m] = [graph.variable('clamped.w', [1, 1, 1, 1]), graph.variable('clamped.m', [1, 1, 1, 1])];
    const x = graph.input('x', [1, 1, 1, 1]);
    const stepOn = (weight: Tensor): { parameter: Tensor; momentum: Tensor } => {
      const y = conv2d(x, weight);
      const [gradient] = gradients(sum(mul(y, y)), [weight]);
      const state = { parameter: w, gradient: gradient!, momentum: m, learningRate: graph.input('rate', []) };
      return sgdUpdate(state, { momentum: 0.5, weightDecay: 0, nesterov: false });
    };
    const trial = stepOn(w);
    const next = stepOn(trial.parameter);
    // This gradient reads the weight after both updates: it must not have been written over by then.
    const y = conv2d(x, w);
    const [slope] = gradients(sum(mul(y, y)), [x]);
    const program = graph.program(
      { slope: slope! },
      new Map([
        ['clamped.w', clamp(next.parameter, -1, 1)],
        ['clamped.m', next.momentum],
      ]),
    );
    const { executable, variables } = await compiled(engine, program, { 'clamped.w': floats(2) });
    // g = 2·x²·w: the trial is 2 − ½·4 = 0, whose gradient is 0, so that w stays 2 and is clamped.
    const one = await executable.run({ x: floats(1), rate: floats(0.5) });
    assert.deepEqual([...one.slope!], [8]);
    assert.deepEqual(await readOne(variables, 'clamped.w'), [1]);
    assert.deepEqual(await readOne(variables, 'clamped.m'), [0]);
    // From 1, the trial is 1 − ¼·2 = ½, g there 1, and w becomes 1 − ¼.
    const two = await executable.run({ x: floats(1), rate: floats(0.25) });
    assert.deepEqual([...two.slope!], [2]);
    assert.deepEqual(await readOne(variables, 'clamped.w'), [0.75]);
    assert.deepEqual(await readOne(variables, 'clamped.m'), [1]);
  },

  'a variable may be updated by a value that is an output, by an input and by a constant': async (engine) => {
    const graph = new Graph();
    const w = graph.variable('kinds.w', [2]);
    graph.variable('kinds.x', [2]);
    graph.variable('kinds.c', [2]);
    const next = add(w, 1);
    const updates = new Map([
      ['kinds.w', next],
      ['kinds.x', graph.input('x', [2])],
      ['kinds.c', graph.constant(floats(7, 8), [2])],
    ]);
    const { executable, variables } = await compiled(engine, graph.program({ next }, updates));
    const first = await executable.run({ x: floats(5, 6) });
    await executable.run({ x: floats(50, 60) });
    assert.deepEqual([...first.next!], [1, 1], 'an output stays as it was returned');
    assert.deepEqual(await readOne(variables, 'kinds.w'), [2, 2]);
    assert.deepEqual(await readOne(variables, 'kinds.x'), [50, 60]);
    assert.deepEqual(await readOne(variables, 'kinds.c'), [7, 8]);
  },

  'a training loop runs to its end, in turns with an evaluation': async (engine) => {
    const graph = new Graph();
    const w = graph.variable('loop.w', [2, 1]);
    const gradient = add(w, graph.constant(floats(-1, 2), [2, 1]));
    const state = { parameter: w, gradient, momentum: graph.variable('loop.m', [2, 1]) };
    const next = sgdUpdate(
      { ...state, learningRate: graph.input('rate', []) },
      { momentum: 0.5, weightDecay: 0, nesterov: false },
    );
    const updates = new Map([
      ['loop.w', next.parameter],
      ['loop.m', next.momentum],
    ]);
    const program = graph.program({ error: sum(mul(gradient, gradient)) }, updates);
    const { executable: step, variables } = await compiled(engine, program);
    const evaluation = new Graph();
    const result = matmul(evaluation.input('x', [1, 2]), evaluation.variable('loop.w', [2, 1]));
    const evaluate = await engine.compile(evaluation.program({ result }), { variables });
    let error = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 60; i++) {
      error = (await step.run({ rate: floats(0.2) })).error![0]!;
      if (i % 10 === 9) await evaluate.run({ x: floats(1, 1) });
    }
    assert.ok(error < 1e-6, `${error}`);
    const { result: found } = await evaluate.run({ x: floats(1, 2) });
    assert.ok(Math.abs(found![0]! + 3) < 0.02, `${found}`);
  },
};
