import assert from 'node:assert/strict';
import { Graph } from '../../../src/graph/graph.js';
import { conv2d } from '../../../src/graph/ops/conv.js';
import { add, mul } from '../../../src/graph/ops/elementwise.js';
import { sum } from '../../../src/graph/ops/reduce.js';
import { fillUniform } from '../../../src/random.js';
import { type Behaviour, compiled, floats, readOne } from './compiled.js';

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
