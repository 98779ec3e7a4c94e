import assert from 'node:assert/strict';
import type { Engine, Executable, Variables } from '../../../src/engines/engine.js';
import { gradients } from '../../../src/graph/autodiff.js';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { add, clamp, mul } from '../../../src/graph/ops/elementwise.js';
import { matmul } from '../../../src/graph/ops/matmul.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import { sgdUpdate } from '../../../src/graph/ops/sgd.js';
import { reshape } from '../../../src/graph/ops/shape.js';
import { type Program, variablesOf } from '../../../src/graph/program.js';
import type { Tensor } from '../../../src/graph/tensor.js';
import type { TensorData } from '../../../src/graph/tensorType.js';
import { fillUniform } from '../../../src/random.js';

/** What an engine must do besides computing: each throws where it does not. */
export type Behaviour = (engine: Engine) => Promise<void>;

const floats = (...values: number[]): Float32Array => Float32Array.from(values);

async function readOne(variables: Variables, name: string): Promise<number[]> {
  return [...(await variables.read([name])).get(name)!];
}

/** A program on an engine, with variables of its own: zeros but for the values given. */
async function compiled(
  engine: Engine,
  program: Program,
  values: Readonly<Record<string, TensorData>> = {},
): Promise<{ executable: Executable; variables: Variables }> {
  const variables = await engine.variables(variablesOf(program));
  await variables.write(new Map(Object.entries(values)));
  return { executable: await engine.compile(program, { variables }), variables };
}

/** Tests of variables, random numbers and executables, by name. */
export const behaviours: Readonly<Record<string, Behaviour>> = {
  'variables begin as zeros, and are written, updated and read': async (engine) => {
    const graph = new Graph();
    const w = graph.variable('begin.w', [2]);
    const next = add(w, graph.input('x', [2]));
    const program = graph.program({ before: mul(w, 1) }, new Map([['begin.w', next]]));
    const { executable, variables } = await compiled(engine, program);
    assert.deepEqual(await readOne(variables, 'begin.w'), [0, 0]);
    for (let step = 1; step <= 5; step++) {
      const { before } = await executable.run({ x: floats(1, 2) });
      assert.deepEqual([...before!], [step - 1, 2 * (step - 1)]);
      assert.deepEqual(await readOne(variables, 'begin.w'), [step, 2 * step]);
    }
    await variables.write(new Map([['begin.w', floats(10, 20)]]));
    assert.deepEqual([...(await executable.run({ x: floats(1, 1) })).before!], [10, 20]);
    assert.deepEqual(await readOne(variables, 'begin.w'), [11, 21]);
    await executable.close();
    assert.deepEqual(await readOne(variables, 'begin.w'), [11, 21]);
  },

  'variables are shared by executables': async (engine) => {
    const training = new Graph();
    const w = training.variable('shared.w', [2]);
    const program = training.program({}, new Map([['shared.w', add(w, 1)]]));
    const { executable: step, variables } = await compiled(engine, program);
    const evaluation = new Graph();
    const product = mul(evaluation.variable('shared.w', [2]), evaluation.input('x', []));
    const evaluate = await engine.compile(evaluation.program({ product }), { variables });
    for (let i = 1; i <= 4; i++) {
      assert.deepEqual(await step.run({}), {});
      assert.deepEqual([...(await evaluate.run({ x: floats(3) })).product!], [3 * i, 3 * i]);
    }
  },

  'variables of the same name that were made apart share nothing': async (engine) => {
    const graph = new Graph();
    const w = graph.variable('apart.w', [2]);
    const program = graph.program({}, new Map([['apart.w', add(w, 1)]]));
    const a = await compiled(engine, program, { 'apart.w': floats(10, 20) });
    const b = await compiled(engine, program);
    for (const { executable } of [a, b, a]) await executable.run({});
    assert.deepEqual(await readOne(a.variables, 'apart.w'), [12, 22]);
    assert.deepEqual(await readOne(b.variables, 'apart.w'), [1, 1]);
    await a.variables.dispose();
    await b.executable.run({});
    assert.deepEqual(await readOne(b.variables, 'apart.w'), [2, 2]);
    await assert.rejects(a.executable.run({}), /the variables are disposed of/);
    await assert.rejects(a.variables.read(), /the variables are disposed of/);
    await a.executable.close();
  },

  'a program may have its variables in several sets': async (engine) => {
    const graph = new Graph();
    const [a, b] = [graph.variable('sets.a', [2]), graph.variable('sets.b', [2])];
    const program = graph.program({ total: add(a, b) }, new Map([['sets.a', add(a, b)]]));
    const [first, second] = [
      await engine.variables([{ name: 'sets.a', shape: [2] }]),
      await engine.variables([{ name: 'sets.b', shape: [2] }]),
    ];
    await second.write(new Map([['sets.b', floats(1, 2)]]));
    const executable = await engine.compile(program, { variables: [first, second] });
    await executable.run({});
    assert.deepEqual([...(await executable.run({})).total!], [2, 4]);
    assert.deepEqual(await readOne(first, 'sets.a'), [2, 4]);
    await assert.rejects(
      engine.compile(program, { variables: first }),
      /the program's variable sets\.b \(f32\[2\]\) is not among/,
    );
    await assert.rejects(
      engine.compile(program, { variables: [first, second, first] }),
      /sets\.a was given twice/,
    );
  },

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

  'what was read does not change with the variable': async (engine) => {
    const graph = new Graph();
    const w = graph.variable('copy.w', [1]);
    const program = graph.program({ w }, new Map([['copy.w', add(w, 1)]]));
    const { executable, variables } = await compiled(engine, program);
    const before = (await variables.read(['copy.w'])).get('copy.w')!;
    const { w: output } = await executable.run({});
    await executable.run({});
    assert.deepEqual([...before, ...output!], [0, 0]);
    const written = floats(5);
    await variables.write(new Map([['copy.w', written]]));
    written[0] = 6;
    assert.deepEqual(await readOne(variables, 'copy.w'), [5]);
  },

  'a frozen program keeps the values that it was compiled with': async (engine) => {
    const graph = new Graph();
    const [x, k] = [graph.input('x', [1, 2, 1, 1]), graph.variable('frozen.k', [2, 2, 1, 1])];
    const program = graph.program({ y: conv2d(x, k, graph.variable('frozen.b', [2])) });
    const values = { 'frozen.k': floats(1, 2, 3, 4), 'frozen.b': floats(1, 0) };
    const { executable: live, variables } = await compiled(engine, program, values);
    const frozen = await engine.compile(program, { variables, frozen: true });
    await variables.write(new Map([['frozen.k', floats(0, 0, 0, 1)]]));
    assert.deepEqual([...(await frozen.run({ x: floats(1, 1) })).y!], [4, 7]);
    assert.deepEqual([...(await live.run({ x: floats(1, 1) })).y!], [1, 1]);
    await variables.dispose();
    assert.deepEqual([...(await frozen.run({ x: floats(1, 1) })).y!], [4, 7]);
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

  'random numbers are those of seed, stream and step': async (engine) => {
    const graph = new Graph();
    const [a, b] = [graph.uniform('a', [2, 3]), graph.uniform('b', [5])];
    const executable = await engine.compile(graph.program({ a, b, sum: add(sum(a), sum(b)) }));
    for (const options of [
      { seed: 0, step: 0 },
      { seed: 1, step: 7 },
      { seed: 2 ** 40 + 1, step: 1 },
    ]) {
      const found = await executable.run({}, options);
      for (const [stream, length] of [
        ['a', 6],
        ['b', 5],
      ] as const) {
        const expected = new Float32Array(length);
        fillUniform(expected, options.seed, stream, options.step);
        assert.deepEqual(found[stream], expected);
      }
    }
    assert.deepEqual(await executable.run({}), await executable.run({}, { seed: 0, step: 0 }));
  },

  'runs that are asked for at once are carried out in order': async (engine) => {
    const graph = new Graph();
    const w = graph.variable('order.w', []);
    const next = add(mul(w, 2), graph.input('x', []));
    const program = graph.program({ next }, new Map([['order.w', next]]));
    const { executable } = await compiled(engine, program);
    const runs = [1, 2, 3, 4].map((x) => executable.run({ x: floats(x) }));
    assert.deepEqual(
      (await Promise.all(runs)).map(({ next: y }) => y![0]),
      [1, 4, 11, 26],
    );
  },

  'wrong inputs are refused by name, and the engine goes on': async (engine) => {
    const graph = new Graph();
    const executable = await engine.compile(graph.program({ y: add(graph.input('image', [2]), 1) }));
    await assert.rejects(executable.run({}), /the input image .*missing/);
    await assert.rejects(executable.run({ image: floats(1) }), /the input image must be f32\[2\]/);
    await assert.rejects(executable.run({ image: Int32Array.of(1, 2) }), /the input image must be f32\[2\]/);
    assert.deepEqual([...(await executable.run({ image: floats(1, 2) })).y!], [2, 3]);
    await executable.close();
    await assert.rejects(executable.run({ image: floats(1, 2) }), /closed/);
  },

  'a profile, where there is one, lists what was executed': async (engine) => {
    const graph = new Graph();
    const [x, weight] = [graph.input('x', [1, 8, 8, 8]), graph.variable('profile.w', [8, 8, 3, 3])];
    const program = graph.program({ y: conv2d(x, weight, undefined, { padding: 1 }) });
    const { executable } = await compiled(engine, program);
    if (!executable.profile) return;
    assert.match(executable.description ?? '', /^\d+ steps, 0 of them in TypeScript(,|$)/);
    const entries = await executable.profile({ x: new Float32Array(512) });
    assert.ok(entries.length > 0);
    for (const entry of entries)
      assert.ok(entry.milliseconds >= 0 && entry.operation !== '', JSON.stringify(entry));
  },
};
