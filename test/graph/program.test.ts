import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Graph } from '../../src/graph/graph.js';
import { add, exp, mul } from '../../src/graph/ops/elementwise.js';
import { type AnyProgramNode, inputsOf, type Program, variablesOf } from '../../src/graph/program.js';
import { GraphError } from '../../src/graph/tensorType.js';
import { verifyProgram } from '../../src/graph/verify.js';

function sound(): Program {
  const graph = new Graph();
  const [x, w] = [graph.input('x', [2, 3]), graph.variable('w', [3])];
  const y = mul(x, w);
  return graph.program({ y: exp(y) }, new Map([['w', add(w, 1)]]));
}

test('a sound program is accepted, and is plain data', () => {
  const program = sound();
  verifyProgram(program);
  verifyProgram(structuredClone(program));
  assert.deepEqual(
    inputsOf(program).map(({ name }) => name),
    ['x'],
  );
  assert.deepEqual(
    variablesOf(program).map(({ name }) => name),
    ['w'],
  );
});

test('nodes that nothing needs are left out, and their inputs with them', () => {
  const graph = new Graph();
  const [x, unused] = [graph.input('x', [2]), graph.input('unused', [2])];
  exp(add(unused, graph.variable('idle', [2])));
  const program = graph.program({ y: exp(x) });
  assert.deepEqual(
    program.nodes.map(({ kind }) => kind),
    ['input', 'unary'],
  );
  assert.deepEqual(
    inputsOf(program).map(({ name }) => name),
    ['x'],
  );
  assert.deepEqual(variablesOf(program), []);
});

test('a variable that is updated but not read stays', () => {
  const graph = new Graph();
  graph.variable('w', [2]);
  const program = graph.program({}, new Map([['w', graph.input('x', [2])]]));
  verifyProgram(program);
  assert.deepEqual(
    variablesOf(program).map(({ name }) => name),
    ['w'],
  );
});

test('sources of one name are one tensor', () => {
  const graph = new Graph();
  assert.equal(graph.variable('w', [2]), graph.variable('w', [2]));
  assert.notEqual(graph.variable('w', [2]), graph.input('w', [2]));
  verifyProgram(graph.program({ y: add(graph.variable('w', [2]), graph.input('w', [2])) }));
});

test('updates must fit their variables', () => {
  const graph = new Graph();
  const w = graph.variable('w', [2]);
  assert.throws(() => graph.program({}, new Map([['v', w]])), /the update of v has no variable of that name/);
  const wrong = new Map([['w', graph.input('x', [3])]]);
  assert.throws(() => graph.program({}, wrong), /the update of w is f32\[3\], the variable f32\[2\]/);
});

/** A program with one node replaced. */
function withNode(program: Program, index: number, change: Partial<AnyProgramNode>): Program {
  const nodes = program.nodes.map((node, i) =>
    i === index ? ({ ...node, ...change } as AnyProgramNode) : node,
  );
  return { ...program, nodes };
}

const index = (program: Program, kind: string): number =>
  program.nodes.findIndex((node) => node.kind === kind);

const broken: [what: string, program: Program, message: RegExp][] = [
  [
    'a value before its definition',
    { ...sound(), nodes: sound().nodes.toReversed() },
    /reads value \d+ before it is defined/,
  ],
  [
    'a value defined twice',
    { ...sound(), nodes: [...sound().nodes, sound().nodes[0]!] },
    /defines value 0 again/,
  ],
  [
    'a wrong number of outputs',
    withNode(sound(), index(sound(), 'unary'), { outputs: [] }),
    /\(unary\) has 0 outputs, not 1/,
  ],
  [
    'a value without type',
    withNode(sound(), index(sound(), 'unary'), { outputs: [99] }),
    /defines value 99, which has no type/,
  ],
  [
    'a wrong type',
    { ...sound(), values: sound().values.map(() => ({ shape: [2, 3], dtype: 'f32' as const })) },
    /output 0 is f32\[2, 3\], but must be f32\[3\]/,
  ],
  [
    'inputs that do not fit',
    withNode(sound(), index(sound(), 'unary'), { inputs: [] }),
    /exp takes 1 tensors, not 0/,
  ],
  [
    'an output that is not there',
    { ...sound(), outputs: { y: 77 } },
    /output y is value 77, which no node defines/,
  ],
  ['an update without variable', { ...sound(), updates: { v: 0 } }, /the update of v lacks its variable/],
  [
    'an update without value',
    { ...sound(), updates: { w: 77 } },
    /the update of w lacks its variable or its value/,
  ],
  [
    'an update of another type',
    { ...sound(), updates: { w: 0 } },
    /the update of w is f32\[2, 3\], but must be f32\[3\]/,
  ],
];

for (const [what, program, message] of broken) {
  test(`the verifier refuses ${what}`, () =>
    assert.throws(
      () => verifyProgram(program),
      (error) => error instanceof GraphError && message.test(error.message),
    ));
}

test('the verifier refuses two sources of one name', () => {
  const graph = new Graph();
  const type = { shape: [2], dtype: 'f32' } as const;
  const twice = graph.emit('input', { name: 'x', ...type }, [])[0]!;
  const program = graph.program({ y: add(graph.input('x', [2]), twice) });
  assert.throws(() => verifyProgram(program), /input x appears twice/);
  const streams = new Graph();
  const random = streams.program({ y: add(streams.uniform('a', [2]), streams.uniform('a', [2])) });
  assert.throws(() => verifyProgram(random), /uniform a appears twice/);
});
