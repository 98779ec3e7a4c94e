import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnyEngineNode } from '../../../src/engines/fusion/node.js';
import { living, Usage } from '../../../src/engines/fusion/usage.js';

/** x → exp → y, x → neg → z, y + z → s; y leaves the program as well. */
const [x, y, z, s] = [0, 1, 2, 3];
const source: AnyEngineNode = {
  kind: 'input',
  attributes: { name: 'x', shape: [2], dtype: 'f32' },
  inputs: [],
  outputs: [x],
};
const exp: AnyEngineNode = { kind: 'unary', attributes: { fn: 'exp' }, inputs: [x], outputs: [y] };
const neg: AnyEngineNode = { kind: 'unary', attributes: { fn: 'neg' }, inputs: [x], outputs: [z] };
const add: AnyEngineNode = { kind: 'binary', attributes: { fn: 'add' }, inputs: [y, z], outputs: [s] };
const nodes = [source, exp, neg, add];
const ends = { outputs: { y }, updates: { w: s } };

test('makers, readers and what leaves the program', () => {
  const usage = new Usage(nodes, ends);
  assert.equal(usage.makerOf(z), neg);
  assert.equal(usage.makerOf(4), undefined);
  assert.deepEqual(usage.usersOf(x), [exp, neg]);
  assert.deepEqual(usage.usersOf(s), []);
  assert.deepEqual(
    [x, y, z, s].filter((value) => usage.isKept(value)),
    [y, s],
  );
  assert.equal(usage.onlyUserOf(x), undefined, 'two read it');
  assert.equal(usage.onlyUserOf(y), undefined, 'it leaves the program');
  assert.equal(usage.onlyUserOf(z), add);
});

test('until when a value is read', () => {
  const usage = new Usage(nodes, ends);
  assert.equal(usage.isReadBefore(x, neg), true);
  assert.equal(usage.isReadBefore(x, exp), false);
  assert.deepEqual(
    [0, 1, 2, 3].map((index) => usage.isDeadAfter(x, index)),
    [false, false, true, true],
  );
  assert.deepEqual(
    [2, 3].map((index) => usage.isDeadAfter(z, index)),
    [false, true],
  );
  assert.equal(usage.isDeadAfter(y, 3), false);
  assert.equal(usage.isDeadAfter(s, 3), false);
});

test('nodes that nothing uses go, inputs stay', () => {
  assert.deepEqual(living(nodes, ends), nodes);
  assert.deepEqual(living(nodes, { outputs: { y }, updates: {} }), [source, exp]);
  assert.deepEqual(living(nodes, { outputs: {}, updates: {} }), [source]);
});
