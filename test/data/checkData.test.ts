import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { checkData } from '../../src/data/check/checkData.js';
import { tar } from './support/cifar.js';
import { temporaryFolder } from './support/folder.js';

/** An image of a few broad blobs, which differ with the seed. */
function blobs(seed: number, width = 64, height = 48): Buffer {
  const data = Buffer.alloc(3 * width * height);
  for (let i = 0; i < data.length; i++) {
    const [x, y] = [(Math.floor(i / 3) % width) / width, Math.floor(i / 3 / width) / height];
    data[i] =
      128 + 60 * Math.sin((3 + (seed % 5)) * x + seed) + 60 * Math.cos((2 + (seed % 7)) * y - 2 * seed);
  }
  return data;
}

const encoded = (seed: number, width = 64, height = 48) =>
  sharp(blobs(seed, width, height), { raw: { width, height, channels: 3 } });

/** A set of parts and classes with so many images each, all different. */
async function setOf(folder: string, counts: Readonly<Record<string, number>>): Promise<void> {
  let seed = 0;
  for (const [place, count] of Object.entries(counts)) {
    mkdirSync(join(folder, place), { recursive: true });
    for (let i = 0; i < count; i++)
      writeFileSync(join(folder, place, `${i}.png`), await encoded(seed++).png().toBuffer());
  }
}

test('a set without faults has no findings', async (t) => {
  const folder = temporaryFolder(t);
  await setOf(folder, { 'train/a': 12, 'train/b': 12, 'val/a': 3, 'val/b': 3 });
  const { stops, warnings, notes, unusable } = await checkData(folder);
  assert.deepEqual(
    { stops, warnings, notes, unusable },
    { stops: [], warnings: [], notes: [], unusable: [] },
  );
});

test('a class more in val/, broken images in either part, files that are not images', async (t) => {
  const folder = temporaryFolder(t);
  await setOf(folder, { 'train/a': 12, 'train/b': 12, 'val/a': 2, 'val/b': 2, 'val/zebra': 1 });
  const whole = await encoded(1).jpeg().toBuffer();
  writeFileSync(join(folder, 'train/a/cut.jpg'), whole.subarray(0, whole.length / 2));
  writeFileSync(join(folder, 'val/b/empty.jpg'), '');
  writeFileSync(join(folder, 'val/b/._x.jpg'), 'm');
  const { stops, unusable, notes, parts } = await checkData(folder);
  assert.deepEqual(stops, [
    `${join(folder, 'val')} has the class zebra, which the training part does not have`,
  ]);
  assert.deepEqual(unusable, ['train/a/cut.jpg', 'val/b/empty.jpg']);
  assert.match(parts[0]!.unreadable[0]!.reason, /^train\/a\/cut\.jpg cannot be decoded as JPEG/);
  assert.deepEqual(notes, ['left out: 1 hidden or system file (val/b/._x.jpg)']);
  writeFileSync(join(folder, 'list.txt'), unusable.join('\n'));
  assert.deepEqual((await checkData(folder, { excludeList: join(folder, 'list.txt') })).unusable, []);
});

test('16-bit grey that is clipped, few images, unequal classes, classes without validation', async (t) => {
  const folder = temporaryFolder(t);
  await setOf(folder, { 'train/a': 40, 'train/b': 4, 'val/a': 2 });
  const grey = Uint16Array.from({ length: 64 }, (_, i) => 1000 * i);
  const wide = sharp(grey, { raw: { width: 8, height: 8, channels: 1 } })
    .toColourspace('grey16')
    .png();
  writeFileSync(join(folder, 'train/a/wide.png'), await wide.toBuffer());
  const dark = sharp(
    grey.map((v) => v / 1000),
    { raw: { width: 8, height: 8, channels: 1 } },
  );
  writeFileSync(join(folder, 'train/a/dark.png'), await dark.toColourspace('grey16').png().toBuffer());
  const { stops, warnings } = await checkData(folder);
  assert.deepEqual(stops, []);
  assert.deepEqual(warnings, [
    'class b has only 4 images to train on',
    'classes are of very unequal size: a has 42 images to train on, b has 4',
    'class b has no images to validate on',
    '1 image of 16-bit grey is clipped to white (as in Pillow), such as train/a/wide.png: convert them to 8 bits',
  ]);
});

test('the same file in two parts or classes, and copies that were resized or compressed anew', async (t) => {
  const folder = temporaryFolder(t);
  await setOf(folder, { 'train/a': 12, 'train/b': 12, 'val/a': 3, 'val/b': 3 });
  copyFileSync(join(folder, 'train/a/4.png'), join(folder, 'val/a/copy.png'));
  copyFileSync(join(folder, 'train/a/5.png'), join(folder, 'train/b/5 copy.png'));
  writeFileSync(
    join(folder, 'val/b/small.jpg'),
    await encoded(12).resize(40, 30).jpeg({ quality: 70 }).toBuffer(),
  );
  assert.deepEqual((await checkData(folder)).warnings, [
    '1 image is in two parts, which makes the measured accuracy too high, such as val/a/copy.png and train/a/4.png',
    '1 image is in two classes, such as train/b/5 copy.png and train/a/5.png',
    '1 image outside the training part looks like a training image, such as val/b/small.jpg and train/b/0.png',
  ]);
});

test('archives are checked, too; one class is too few', async (t) => {
  const folder = temporaryFolder(t);
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 4; i++) {
    files[`${i}.png`] = i === 3 ? Buffer.from('x') : await encoded(i).png().toBuffer();
    files[`${i}.cls`] = Buffer.from('0');
  }
  writeFileSync(join(folder, 'a.tar'), await tar(files));
  const { stops, unusable, parts } = await checkData(folder);
  assert.deepEqual(stops, ['training needs 2 classes or more, not 1']);
  assert.deepEqual(unusable, ['a.tar/3.png']);
  assert.deepEqual(parts[0]!.classes, [{ name: 'class 0', count: 3 }]);
});

test('archives train whatever numbers their labels leave out, which is a warning', async (t) => {
  const samples = async (labels: readonly number[]): Promise<string> => {
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 12 * labels.length; i++) {
      files[`${i}.png`] = await encoded(i).png().toBuffer();
      files[`${i}.cls`] = Buffer.from(String(labels[i % labels.length]));
    }
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'train.tar'), await tar(files));
    return folder;
  };
  const about = async (labels: readonly number[]): Promise<readonly unknown[]> => {
    const { stops, warnings } = await checkData(await samples(labels), { valShare: 0.1 });
    return [stops, warnings.filter((warning) => /no images/.test(warning) && !/to validate/.test(warning))];
  };
  assert.deepEqual(await about([1, 2]), [
    [],
    ['class 0 has no images, and the model learns an output for nothing: labels count from 0'],
  ]);
  assert.deepEqual(await about([0, 4]), [
    [],
    ['3 of 5 classes, such as class 1, have no images below the greatest label, 4'],
  ]);
});

test('a bad sample or archive does not keep others from being checked', async (t) => {
  const folder = temporaryFolder(t);
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 6; i++) {
    files[`${i}.png`] = await encoded(i).png().toBuffer();
    files[`${i}.cls`] = Buffer.from(i === 2 ? 'cat' : String(i % 2));
  }
  files['5.png'] = Buffer.from('x');
  delete files['0.cls'];
  delete files['3.png'];
  writeFileSync(join(folder, 'a.tar'), await tar(files));
  writeFileSync(join(folder, 'b.tar'), (await tar({ '9.cls': Buffer.from('1') })).subarray(0, 700));
  const { unusable, parts } = await checkData(folder);
  assert.deepEqual(unusable, ['a.tar/0', 'a.tar/2', 'a.tar/3', 'b.tar', 'a.tar/5.png']);
  const reasons = parts[0]!.unreadable.map(({ reason }) => reason).join('\n');
  for (const part of [
    /0 in .* has no label/,
    /2\.cls in .* is not a label: .* found "cat"/,
    /3 in .* has no image/,
    /b\.tar is /,
  ])
    assert.match(reasons, part);
  assert.deepEqual(parts[0]!.classes, [
    { name: 'class 0', count: 1 },
    { name: 'class 1', count: 1 },
  ]);
});
