import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expandBraces } from '../../src/data/webdataset/braces.js';

test('braces of a pattern: ranges, choices, within one another', () => {
  assert.deepEqual(expandBraces('s-{08..10}.tar'), ['s-08.tar', 's-09.tar', 's-10.tar']);
  assert.deepEqual(expandBraces('{a,b}/{1..2}'), ['a/1', 'a/2', 'b/1', 'b/2']);
  assert.deepEqual(expandBraces('plain.tar'), ['plain.tar']);
  assert.deepEqual(expandBraces('{t-{1..2},v-{a,b}{,c}}.x'), [
    't-1.x',
    't-2.x',
    ...['v-a.x', 'v-ac.x', 'v-b.x', 'v-bc.x'],
  ]);
  assert.deepEqual(expandBraces('{open'), ['{open']);
  assert.throws(() => expandBraces('{0..999999999}'), /more than 100000 names/);
  assert.throws(() => expandBraces('{1..9999}{1..9999}'), /more than 100000 names/);
});
