import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { uniformSource } from '../../src/random.js';
import { ImageVectors } from '../../src/report/inspect/imageVectors.js';
import { nearDuplicates } from '../../src/report/inspect/nearDuplicates.js';
import { biasloss, type Ended, eventsOf } from '../cli/fixtures/process.js';
import { withFolder } from '../train/fixtures/tiny.js';

const SIZE = 32;
const CLASSES = ['blue', 'green', 'red'];

/** An image of a colour with dark blots at random places. */
function blots(label: number, seed: number): Uint8Array {
  const random = uniformSource(seed, 'blots');
  return Uint8Array.from({ length: 3 * SIZE * SIZE }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % SIZE, Math.floor(i / 3 / SIZE)];
    const blot = random(Math.floor(x / 8), Math.floor(y / 8)) < 0.5 ? 0.4 : 1;
    return blot * (i % 3 === 2 - label ? 220 : 60) + 20 * random(i, 1000);
  });
}

async function write(path: string, pixels: Uint8Array): Promise<void> {
  const image = sharp(pixels, { raw: { width: SIZE, height: SIZE, channels: 3 } });
  writeFileSync(path, await (path.endsWith('.jpg') ? image.jpeg({ quality: 90 }) : image.png()).toBuffer());
}

/** Images of three colours: 20 of each to train on, 12 of each held out. */
async function writeImages(folder: string): Promise<void> {
  for (const [part, count] of [
    ['train', 20],
    ['val', 12],
  ] as const)
    for (const [label, name] of CLASSES.entries()) {
      mkdirSync(join(folder, part, name), { recursive: true });
      for (let i = 0; i < count; i++)
        await write(join(folder, part, name, `${i}.png`), blots(label, 1000 * count + 100 * label + i));
    }
}

/** Held-out images that are put into the folder of another class, and a copy of an image as JPEG. */
const WRONG = ['val/green/planted-1.png', 'val/red/planted-2.png', 'val/blue/planted-3.png'];
const COPIES = ['val/red/copy.jpg', 'val/red/5.png'];

async function plant(folder: string): Promise<void> {
  await write(join(folder, WRONG[0]!), blots(0, 1));
  await write(join(folder, WRONG[1]!), blots(1, 2));
  await write(join(folder, WRONG[2]!), blots(2, 3));
  await write(join(folder, COPIES[0]!), blots(2, 12_205));
}

let cwd = '';
const inspect = (...args: string[]): Promise<Ended> => biasloss(['inspect', 'run', ...args], { cwd });

interface Found {
  readonly image: string;
  readonly class: string;
  readonly predicted: string;
}

/** A run on images with planted errors. */
async function makeRun(): Promise<void> {
  cwd = mkdtempSync(join(tmpdir(), 'biasloss-inspect-'));
  await writeImages(join(cwd, 'images'));
  await plant(join(cwd, 'images'));
  const model = ['--model=shufflenetv2', '--ratio=0.5', '--image-size=32', '--engine=onnx', '--threads=1'];
  const recipe = ['--epochs=8', '--batch-size=10', '--base-lr=0.01', '--crop-scale=0.7', '--no-report'];
  const { code, stderr } = await biasloss(
    ['train', '--data=imagefolder', '--data-path=images', ...model, ...recipe, '--run-dir=run'],
    { cwd },
  );
  assert.equal(code, 0, stderr);
}

/** The record names what was planted. */
function checkFound(found: Readonly<Record<string, unknown>>): void {
  assert.deepEqual([found.part, found.probabilities, found.images], ['val', 'held-out', 40]);
  const errors = found.label_errors as Found[];
  assert.deepEqual(errors.map(({ image }) => image).sort(), WRONG.toSorted());
  const first = errors.find(({ image }) => image === WRONG[0])!;
  assert.deepEqual([first.class, first.predicted], ['green', 'blue']);
  const copies = (found.near_duplicates as Found[][]).map((group) => group.map(({ image }) => image).sort());
  assert.deepEqual(copies, [COPIES.toSorted()]);
  assert.deepEqual(
    [found.least_variance, found.greatest_loss].map((list) => (list as Found[]).length),
    [3, 3],
  );
  const worst = (found.greatest_loss as Found[]).map(({ image }) => image).sort();
  assert.deepEqual(worst, WRONG.toSorted());
}

describe('biasloss inspect', () => {
  before(makeRun);
  after(() => rmSync(cwd, { recursive: true }));

  it('finds planted label errors and a copy, and says whose probabilities they are', async () => {
    const { code, stdout, stderr } = await inspect('--log-format=json', '--most=3');
    assert.equal(code, 0, stderr);
    checkFound(eventsOf(stdout)[0]!);
  });

  it('writes a list that train --exclude takes, and CSV', async () => {
    const { code, stdout, stderr } = await inspect('--write-exclude=wrong.txt', '--csv=found.csv');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^run\/best\.safetensors on 40 images \(val\)\nprobabilities: .* not trained on\n/);
    assert.match(stdout, /\nlikely label errors: 3\nimage +labelled +predicted +loss +variance\n-/);
    assert.match(stdout, /\ngroups of near-duplicates: 1\n[^\n]*copy\.jpg[^\n]*\n/);
    const rows = readFileSync(join(cwd, 'found.csv'), 'utf8').trim().split('\n');
    assert.match(rows[0]!, /^finding,image,class,predicted,/);
    assert.deepEqual(
      rows.filter((row) => row.startsWith('near-duplicate')).map((row) => row.split(',').at(-1)),
      ['1', '1'],
    );
    const checked = await biasloss(['check-data', 'images', '--exclude=wrong.txt', '--log-format=json'], {
      cwd,
    });
    const { parts, notes } = eventsOf(checked.stdout)[0] as {
      parts: { part: string; classes: { count: number }[] }[];
      notes: string[];
    };
    const val = parts.find(({ part }) => part === 'val')!;
    assert.deepEqual(
      val.classes.map(({ count }) => count),
      [12, 12, 13],
      notes.join(),
    );
    const again = await inspect('--write-exclude=wrong.txt');
    assert.equal(again.code, 2);
    assert.match(again.stderr, /wrong\.txt already exists: --write-exclude takes the name of a new file\n$/);
  });

  it('warns that training images have been learned, and refuses what is no run', async () => {
    const { stdout } = await inspect('--part=train', '--limit=30');
    assert.match(
      stdout,
      / on 30 of 60 images \(train\)\nprobabilities: .* it has learned wrong labels, too\n/,
    );
    const missing = await biasloss(['inspect', 'none'], { cwd });
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /none is not a run: it has no metrics\.csv\n$/);
  });
});

it('inspect of images in memory numbers them, and refuses an exclusion list', () =>
  withFolder(async (cwd) => {
    const train = ['train', '--data=synthetic', '--limit-train=16', '--limit-test=16', '--batch-size=16'];
    const more = ['--model=shufflenetv2', '--ratio=0.5', '--engine=onnx', '--threads=1', '--no-report'];
    await biasloss([...train, ...more, '--epochs=1', '--run-dir=memory'], { cwd });
    const refused = await biasloss(['inspect', 'memory', '--write-exclude=list.txt'], { cwd });
    assert.equal(refused.code, 2);
    assert.match(
      refused.stderr,
      /are not files in folders, but of synthetic: an exclusion list cannot name them\n$/,
    );
    const { stdout } = await biasloss(['inspect', 'memory', '--most=2'], { cwd });
    assert.match(stdout, /\ngreatest loss: 2\n[\s\S]*\nimage \d+ /);
  }));

describe('near-duplicates', () => {
  /** Vectors of images with given features and seeds of their pixels. */
  function vectorsOf(images: readonly (readonly [feature: readonly number[], seed: number])[]): ImageVectors {
    const vectors = new ImageVectors();
    for (const [feature, seed] of images) {
      const random = uniformSource(seed, 'pixels');
      vectors.addImages(
        Float32Array.from({ length: 256 }, (_, i) => random(i)),
        1,
        { channels: 1, size: 16 },
      );
      vectors.addFeatures(Float32Array.from(feature), 1, 1);
    }
    return vectors;
  }

  const scattered = (count: number, width: number): [number[], number][] =>
    Array.from({ length: count }, (_, n) => {
      const random = uniformSource(n, 'features');
      return [Array.from({ length: width }, (_, k) => random(k)), n];
    });

  for (const width of [6, 300])
    it(`are near in ${width} features and alike: neither alone is enough`, () => {
      const images = scattered(40, width);
      const near = (n: number): number[] => images[n]![0].map((value, k) => value + 0.01 * Math.sin(k));
      images.push([near(3), 3], [near(7), 99], [scattered(41, width)[40]![0], 11], [near(3), 3]);
      assert.deepEqual(nearDuplicates(vectorsOf(images), 1), [[3, 40, 43]]);
    });

  it('may be mirrored, and are never flat images', () => {
    const images = scattered(40, 6);
    const vectors = vectorsOf([...images, images[5]!, images[6]!, images[6]!]);
    const mirrored = vectors.thumbnails[40]!.map((_, i, all) => all[i - (i % 12) + 11 - (i % 12)]!);
    vectors.thumbnails[40] = mirrored;
    for (const n of [6, 41, 42]) vectors.thumbnails[n]!.fill(0);
    assert.deepEqual(nearDuplicates(vectors, 1), [[5, 40]]);
  });
});
