import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { UserError } from '../../src/errors.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { classWeightsOf, expectSameWeights } from '../../src/runs/classWeights.js';
import type { TrainConfig } from '../../src/runs/trainConfig.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { trainedToEnd } from './fixtures/trained.js';

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

  it('are compared by composed names', () =>
    withFolder(async (folder) => {
      const path = join(folder, 'weights.json');
      for (const known of ['\u00e9', 'e\u0301'])
        for (const name of ['\u00e9', 'e\u0301']) {
          writeFileSync(path, JSON.stringify({ [name]: 2, ant: 1 }));
          const two = { classes: ['ant', known], labels: Int32Array.of(0, 1) };
          assert.deepEqual(classWeightsOf(path, two), [1, 2]);
          writeFileSync(path, JSON.stringify({ 'e\u0301': 2, '\u00e9': 3, ant: 1 }));
          assert.throws(() => classWeightsOf(path, two), /has two weights for the class \u00e9/);
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

describe('class weights of a resumed run', () => {
  it('are those of its file, or follow the data', () => {
    const notices: string[] = [];
    const of = (choice: string, before: readonly number[] | undefined) => ({
      ...{ choice, before, now: [1, 0.5, 3], classes: data.classes },
      onNotice: (text: string): void => void notices.push(text),
    });
    expectSameWeights(of('w.json', undefined));
    expectSameWeights(of('w.json', [1, 0.5, 3]));
    assert.throws(() => expectSameWeights(of('w.json', [1, 0.25, 3])), {
      name: UserError.name,
      message:
        'the class weights w.json have changed since the run started: the weight of bee was 0.25 and is 0.5; put them back, or train a new run',
    });
    assert.deepEqual(notices, []);
    expectSameWeights(of('balanced', [1, 0.5, 2]));
    assert.deepEqual(notices, [
      'the balanced class weights have changed with the data: the weight of fly was 2 and is 3',
    ]);
  });

  it('are kept by checkpoints, so that a changed file is refused', () =>
    withFolder(async (folder) => {
      const classWeights = join(folder, 'weights.json');
      const weights = Array.from({ length: 10 }, (_, i) => i / 7);
      writeFileSync(classWeights, JSON.stringify(weights));
      const settings: Partial<TrainConfig> = {
        ...{ data: 'synthetic', ratio: 0.5, batchSize: 8, limitTrain: 16, limitTest: 8 },
        ...{ engine: 'onnx', threads: 1, epochs: 1, classWeights },
      };
      const { path } = await trainedToEnd({ settings, runDir: join(folder, 'run') });
      const resume = () => trainedToEnd({ settings: { epochs: 2 }, resume: path });
      writeFileSync(classWeights, JSON.stringify(weights.with(3, 1)));
      await assert.rejects(
        resume,
        /have changed since the run started: the weight of striped square was 0\.42857/,
      );
      writeFileSync(classWeights, JSON.stringify(weights));
      const { steps } = await resume();
      assert.ok(steps.some(({ event }) => event === 'step'));
      const { training } = readCheckpoint(join(path, 'last.safetensors'));
      assert.deepEqual(training?.classWeights, weights);
    }));
});
