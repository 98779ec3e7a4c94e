import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UserError } from '../../src/errors.js';
import { classWeightsOf } from '../../src/runs/classWeights.js';
import { withFolder } from '../train/fixtures/tiny.js';

const data = { classes: ['ant', 'bee', 'fly'], labels: Int32Array.of(0, 0, 0, 0, 1, 1, 0, 1) };

describe('class weights', () => {
  it('are none, or balance the classes as scikit-learn does', () => {
    assert.equal(classWeightsOf(null, data), undefined);
    assert.deepEqual(classWeightsOf('balanced', data), [8 / 15, 8 / 9, 1]);
  });

  it('come from a file, in order or by name', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'weights.json');
      for (const text of ['[1, 0.5, 2]', '{ "fly": 2, "ant": 1, "bee": 0.5 }', '\ufeff[1, 0.5, 2]']) {
        writeFileSync(path, text);
        assert.deepEqual(classWeightsOf(path, data), [1, 0.5, 2]);
      }
    }));

  it('of a wrong file are refused in a sentence', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'weights.json');
      const wrong: [text: string, message: string][] = [
        ['[1, 2]', `${path} has 2 class weights, but the data has 3 classes`],
        ['[1, 2, -1]', `${path}: the weight of fly must be a number of at least 0, not -1`],
        ['[1, 2, "x"]', `${path}: the weight of fly must be a number of at least 0, not "x"`],
        ['[0, 0, 0]', `${path}: the class weights must not all be 0`],
        ['{ "ant": 1, "bee": 1 }', `${path} has no weight for the class fly`],
        [
          '{ "ant": 1, "bee": 1, "fly": 1, "gnat": 2 }',
          `${path} has a weight for gnat, which is no class of the data`,
        ],
        ['3', `${path} must be a JSON list of class weights, or an object of them by class name`],
      ];
      for (const [text, message] of wrong) {
        writeFileSync(path, text);
        assert.throws(
          () => classWeightsOf(path, data),
          (error) => error instanceof UserError && error.message === message,
        );
      }
      const missing = join(folder, 'none.json');
      assert.throws(
        () => classWeightsOf(missing, data),
        /^UserError: the class weights .*none\.json cannot be read: ENOENT/,
      );
    }));
});
