import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ImageDataset } from '../../src/data/dataset.js';
import { IMAGENET_NORMALISATION } from '../../src/data/dataset.js';
import { UserError } from '../../src/errors.js';
import { asModelClasses, asNumberedClasses, asResumedClasses } from '../../src/runs/classMapping.js';

/** A set with one image of each class, in order. */
function setOf(...classes: string[]): ImageDataset {
  return {
    kind: 'images',
    name: 'animals',
    classes,
    count: classes.length,
    labels: Int32Array.from(classes, (_, i) => i),
    normalisation: IMAGENET_NORMALISATION,
    source: (index) => ({ path: `${classes[index]}.png` }),
  };
}

const KNOWN = ['ant', 'bee', 'cat'];
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => `class ${i}`);

function refused(act: () => void, message: RegExp): void {
  assert.throws(act, (error) => error instanceof UserError && message.test(error.message));
}

describe('a set under the classes of a model', () => {
  const matched: [string, string[], string[], number[]][] = [
    ['the same', KNOWN, KNOWN, [0, 1, 2]],
    ['a subset', ['bee', 'cat'], KNOWN, [1, 2]],
    ['another order', ['cat', 'ant'], KNOWN, [2, 0]],
    ['composed and decomposed letters', ['caf\u00e9'], ['ant', 'cafe\u0301'], [1]],
    ['numbers for names', numbers(3), KNOWN, [0, 1, 2]],
    ['fewer numbers', numbers(2), KNOWN, [0, 1]],
    ['names for numbers', ['x', 'y'], numbers(2), [0, 1]],
  ];
  for (const [title, classes, names, labels] of matched)
    it(`has the right labels: ${title}`, () => {
      const set = asModelClasses(setOf(...classes), names, 'a.pth');
      assert.deepEqual([...set.labels], labels);
      assert.equal(set.classes.length, names.length);
    });

  it('is refused where it has other classes, by name', () => {
    refused(
      () => asModelClasses(setOf('bee', 'cat', 'dog'), KNOWN, 'a.pth'),
      /^animals has a class that a\.pth does not know: dog; it knows ant, bee, cat$/,
    );
    refused(() => asModelClasses(setOf('zebra', 'bee', 'cat'), KNOWN, 'a.pth'), /does not know: zebra/);
    refused(
      () => asModelClasses(setOf('a', 'b', 'c', 'd', 'e', 'f', 'g', 'ant'), KNOWN, 'a.pth'),
      /has 7 classes that a\.pth does not know: a, b, c, d, e and 2 more;/,
    );
  });

  it('is refused where numbers do not help', () => {
    refused(
      () => asModelClasses(setOf('x', 'y'), numbers(3), 'a.pth'),
      /2 classes, but a\.pth has 3, without names/,
    );
    refused(
      () => asModelClasses(setOf(...numbers(4)), KNOWN, 'a.pth'),
      /class number 3, but a\.pth has 3 classes/,
    );
  });

  it('numbered by a class map must not contradict the names', () => {
    assert.deepEqual([...asNumberedClasses(setOf('Ameise', 'bee'), KNOWN, 'a.pth').labels], [0, 1]);
    refused(
      () => asNumberedClasses(setOf('bee', 'ant'), KNOWN, 'a.pth'),
      /animals has bee as class 0, but in a\.pth it is class 1/,
    );
  });
});

describe('the set of a run that is resumed', () => {
  const resume = (...classes: string[]): number[] => {
    const pair = { train: setOf(...classes), test: setOf(...classes) };
    const { train, test } = asResumedClasses(pair, KNOWN, 'last');
    assert.deepEqual([train.classes, test.classes, [...test.labels]], [KNOWN, KNOWN, [...train.labels]]);
    return [...train.labels];
  };

  it('keeps the run’s order of classes', () => {
    assert.deepEqual(resume('ant', 'bee', 'cat'), [0, 1, 2]);
    assert.deepEqual(resume('bee', 'ant', 'cat'), [1, 0, 2]);
  });

  it('is refused with other classes, by name', () => {
    refused(() => resume('bee', 'cat', 'zebra'), /other classes: zebra is new, ant is missing/);
    refused(() => resume('ant', 'bee'), /other classes: cat is missing/);
    refused(() => resume('ant', 'bee', 'cat', 'dog', 'emu'), /other classes: dog, emu are new/);
  });

  it('counts where there are no names', () => {
    const pair = { train: setOf(...numbers(3)), test: setOf(...numbers(3)) };
    assert.deepEqual(asResumedClasses(pair, KNOWN, 'last'), pair);
    refused(() => asResumedClasses(pair, ['a', 'b'], 'last'), /last has 2 classes, but animals has 3/);
  });
});
