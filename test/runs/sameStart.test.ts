import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DatasetPair, ImageDataset } from '../../src/data/dataset.js';
import { syntheticDataset } from '../../src/data/synthetic.js';
import { type RunStart, startDigests } from '../../src/runs/sameStart.js';
import { TRAIN_DEFAULTS } from '../../src/runs/settings/table.js';
import { withFolder } from '../train/fixtures/tiny.js';

const synthetic = syntheticDataset({ train: 8, test: 4 });
const start: RunStart = { config: TRAIN_DEFAULTS, data: synthetic, classWeights: undefined };

/** What differs between two starts. */
function difference(a: RunStart, b: RunStart): string[] {
  const [first, second] = [startDigests(a), startDigests(b)];
  return Object.keys(first).filter((what) => !first[what]!.equals(second[what]!));
}

test('what differs between starts is named', () =>
  withFolder(async (folder) => {
    const config = (own: Partial<RunStart['config']>): RunStart => ({
      ...start,
      config: { ...start.config, ...own },
    });
    assert.deepEqual(difference(start, config({ dataPath: 'elsewhere', threads: 3 })), []);
    assert.deepEqual(difference(start, config({ seed: 5 })), ['the settings']);
    const teacher = join(folder, 'teacher.safetensors');
    writeFileSync(teacher, 'one');
    const first = startDigests(config({ teacher }));
    writeFileSync(teacher, 'two');
    const second = startDigests(config({ teacher }));
    assert.ok(!first['the teachers']!.equals(second['the teachers']!));
    assert.deepEqual(difference({ ...start, classWeights: [1, 2] }, { ...start, classWeights: [2, 1] }), [
      'the class weights',
    ]);
  }));

test('images in memory are compared by labels and pixels, those that a limit leaves', () => {
  const { train, test: other } = synthetic;
  const pair = (own: Partial<typeof train>): RunStart => ({
    ...start,
    data: { train: { ...train, ...own }, test: other },
  });
  const pixels = train.pixels.slice();
  pixels[pixels.length - 1]! ^= 1;
  assert.deepEqual(difference(start, pair({ pixels })), ['the images of the data']);
  assert.deepEqual(difference(pair({ count: 7 }), pair({ count: 7, pixels })), []);
  const labels = train.labels.slice().reverse();
  assert.deepEqual(difference(start, pair({ labels })), ['the images of the data']);
  assert.deepEqual(difference(start, pair({ classes: train.classes.toReversed() })), [
    'the classes of the data',
  ]);
});

test('images in files are compared by names and lengths, wherever they lie', () =>
  withFolder(async (folder) => {
    const write = (name: string, bytes: number): string => {
      const path = join(folder, name);
      writeFileSync(path, new Uint8Array(bytes));
      return path;
    };
    const of = (...paths: readonly string[]): RunStart => {
      const { classes, normalisation } = synthetic.train;
      const set: ImageDataset = {
        kind: 'images',
        name: 'files',
        classes,
        normalisation,
        count: paths.length,
        labels: new Int32Array(paths.length),
        source: (i) => ({ path: paths[i]! }),
      };
      return { ...start, data: { train: set, test: set } satisfies DatasetPair };
    };
    const images = ['the images of the data'];
    const path = write('a.png', 10);
    const before = of(path, write('b.png', 5));
    const digests = startDigests(before);
    assert.deepEqual(difference(before, of(path)), images);
    assert.deepEqual(difference(before, of(path, write('c.png', 5))), images);
    write('b.png', 6);
    assert.ok(!digests[images[0]!]!.equals(startDigests(before)[images[0]!]!));
  }));
