import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadImageFolders } from '../../src/data/folders/imageFolderPair.js';
import { summaryLines } from '../../src/data/parts/summary.js';
import { folderOf, paths, refused } from './support/imageFolders.js';

const COUNTS = { a: 13, b: 7, c: 4 };
const SET = Object.entries(COUNTS).flatMap(([name, count]) =>
  Array.from({ length: count }, (_, i) => `${name}/${i}.jpg`),
);

test('folds hold out each image once, and have their share of every class', (t) => {
  const folder = folderOf(t, SET);
  const foldsOf = (of: number, splitSeed = 0): string[][] =>
    Array.from({ length: of }, (_, index) => {
      const { train, test, summary } = loadImageFolders(folder, { splitSeed, fold: { of, index } });
      assert.deepEqual([...paths(train, folder), ...paths(test, folder)].sort(), [...SET].sort());
      assert.ok(
        summaryLines(summary).includes(
          `held out for validation: fold ${index + 1} of ${of}, split seed ${splitSeed}`,
        ),
      );
      return paths(test, folder);
    });
  for (const of of [2, 4, 5]) {
    const folds = foldsOf(of);
    assert.deepEqual(folds.flat().sort(), [...SET].sort());
    for (const fold of folds) {
      assert.ok(Math.abs(fold.length - SET.length / of) < 1, `${fold.length}`);
      for (const [name, count] of Object.entries(COUNTS)) {
        const own = fold.filter((path) => path.startsWith(`${name}/`)).length;
        assert.ok(Math.abs(own - count / of) < 1, `${own} of ${name}`);
      }
    }
  }
  assert.deepEqual(foldsOf(3), foldsOf(3));
  assert.notDeepEqual(foldsOf(3), foldsOf(3, 1));
});

test('folds are refused where there are too few images, or a part for validation', (t) => {
  const folder = folderOf(t, ['a/1.jpg', 'b/1.jpg']);
  refused(
    () => loadImageFolders(folder, { fold: { of: 3, index: 0 } }),
    /^2 images are too few for folds 3$/,
  );
  const parts = folderOf(t, ['train/a/1.jpg', 'train/b/1.jpg', 'val/a/2.jpg']);
  refused(
    () => loadImageFolders(parts, { fold: { of: 2, index: 0 } }),
    /has a part for validation, .*val: folds is for data without one$/,
  );
});
