import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadImageFolders } from '../../src/data/folders/imageFolderPair.js';
import { imageKey } from '../../src/data/folders/splits.js';
import type { ImageParts } from '../../src/data/parts/imageParts.js';
import { takeInventory } from '../../src/data/parts/inventory.js';
import { recordedPart } from '../../src/runs/recordedPart.js';
import { drawClasses } from '../cli/fixtures/images.js';
import { withFolder } from '../train/fixtures/tiny.js';

const FOLD = { fold: { of: 3, index: 1 } };

/** The parts without the first of some images whose absence has an effect. */
async function withoutFirst(
  folder: string,
  keys: readonly string[],
  hasEffect: (parts: ImageParts) => boolean,
): Promise<ImageParts> {
  for (const key of keys) {
    const content = readFileSync(join(folder, key));
    rmSync(join(folder, key));
    const parts = await loadImageFolders(folder, FOLD);
    if (hasEffect(parts)) return parts;
    writeFileSync(join(folder, key), content);
  }
  throw new Error('no image that is gone has the effect');
}

describe('the images that a run had in a part', () => {
  it('are the same ones after a file was deleted that moves others to other folds', () =>
    withFolder(async (folder) => {
      const images = join(folder, 'images');
      await drawClasses(images, ['a', 'b'], 9);
      const records = takeInventory(await loadImageFolders(images, FOLD));
      const keysOf = ({ test, root }: ImageParts): string[] =>
        Array.from({ length: test.count }, (_, i) => imageKey(test.source(i), root));
      const held = records.filter(({ part }) => part === 'val').map(({ key }) => key);
      const trained = records.filter(({ part }) => part === 'train').map(({ key }) => key);
      const parts = await withoutFirst(images, trained, (found) =>
        keysOf(found).some((key) => trained.includes(key)),
      );
      const { dataset, changes } = recordedPart(parts, 'val', records);
      assert.deepEqual(keysOf({ ...parts, test: dataset }).sort(), held.sort());
      const labels = Array.from(dataset.labels, (label) => dataset.classes[label]);
      assert.deepEqual(
        labels,
        Array.from(labels, (_, i) => imageKey(dataset.source(i), parts.root).split('/')[0]),
      );
      assert.equal(changes, undefined);
    }));

  it('are said to be gone; none that is left is refused', () =>
    withFolder(async (folder) => {
      const images = join(folder, 'images');
      await drawClasses(images, ['a', 'b'], 9);
      const records = takeInventory(await loadImageFolders(images, FOLD));
      const held = records.filter(({ part }) => part === 'val').map(({ key }) => key);
      rmSync(join(images, held[0]!));
      const { dataset, changes } = recordedPart(await loadImageFolders(images, FOLD), 'val', records);
      assert.equal(dataset.count, held.length - 1);
      assert.equal(changes, `${images} has changed since the run: 1 missing (${held[0]})`);
      for (const key of held.slice(1)) rmSync(join(images, key));
      const parts = await loadImageFolders(images, FOLD);
      assert.throws(() => recordedPart(parts, 'val', records), {
        message: `${images} has none of the images that the run had in its part val`,
      });
    }));
});
