/** Which images `train` and `test` take, on the command line. */
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { isHeldOut } from '../../src/data/folders/splits.js';
import { parseInventory } from '../../src/data/parts/inventory.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses, drawnImage } from './fixtures/images.js';
import { biasloss, type Ended, eventsOf } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const TRAIN = [
  'train',
  '--data=imagefolder',
  '--data-path=images',
  '--run-dir=run',
  '--model=shufflenetv2',
  '--ratio=0.5',
  '--image-size=32',
  '--batch-size=8',
  '--base-lr=0.02',
  '--no-report',
  '--engine=onnx',
  '--threads=1',
];
const TEST = [
  'test',
  '--checkpoint=run/last.safetensors',
  '--engine=onnx',
  '--threads=1',
  '--log-format=json',
];

const NAMES = ['a', 'b'].flatMap((name) =>
  Array.from({ length: 12 }, (_, i) => `${name}/${i}.${['jpeg', 'png', 'webp'][i % 3]}`),
);
const HELD = NAMES.filter((name) => isHeldOut(name, 0.3, 5));
const GONE = NAMES.find((name) => !HELD.includes(name))!;

const shared = new SharedProcess();
after(() => shared.close());

async function run(cwd: string, ...args: string[]): Promise<Ended> {
  const ended = await shared.run(args, cwd);
  assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.stderr}`);
  return ended;
}

async function tested(cwd: string, ...args: string[]): Promise<{ images: unknown; stderr: string }> {
  const { stdout, stderr } = await run(cwd, ...TEST, ...args);
  const notices = eventsOf(stderr).map(({ text }) => `${text}\n`);
  return { images: eventsOf(stdout)[0]!.images, stderr: notices.join('') };
}

const splitOf = (cwd: string): Map<string, string> => {
  const records = parseInventory(readFileSync(join(cwd, 'run', 'split.tsv'), 'utf8'), 'split.tsv');
  return new Map(records.map(({ key, part }) => [key, part]));
};

/** `test` after a run that left an image out. */
async function checkTest(cwd: string): Promise<void> {
  const [left, ...rest] = HELD;
  const own = await tested(cwd);
  assert.equal(own.images, rest.length);
  assert.match(own.stderr, /images: 2 classes; .*\nheld out for validation: a share of 0\.3, split seed 5\n/);
  assert.match(own.stderr, new RegExp(`left out: .*1 image on the exclusion list \\(${left}\\)`));
  // The run's own folder by name is no other place.
  assert.equal((await tested(cwd, '--data-path=images')).images, rest.length);
  assert.equal((await tested(cwd, '--part=train')).images, 24 - HELD.length);
  // What comes into the folder later is not the run's.
  for (let i = 0; i < 9; i++)
    writeFileSync(join(cwd, 'images', 'a', `new${i}.png`), await drawnImage(0, 50 + i));
  const more = await tested(cwd);
  assert.equal(more.images, rest.length);
  assert.match(more.stderr, /has changed since the run: \d added \(.*\); added images are left out/);
  for (let i = 0; i < 9; i++) rmSync(join(cwd, 'images', 'a', `new${i}.png`));
  // Another folder is tested whole, and images that were trained on are told.
  cpSync(join(cwd, 'images'), join(cwd, 'copy'), { recursive: true });
  const whole = await tested(cwd, '--data-path=copy');
  assert.equal(whole.images, 24);
  assert.match(
    whole.stderr,
    new RegExp(`warning: the run was trained on ${24 - HELD.length} of these 24 images`),
  );
}

/** `--resume` after the folder has changed. */
async function checkResume(cwd: string): Promise<void> {
  const images = join(cwd, 'images');
  const before = splitOf(cwd);
  writeFileSync(join(images, 'b', 'new.png'), await drawnImage(1, 70));
  rmSync(join(images, GONE));
  writeFileSync(join(cwd, 'more.txt'), `${HELD[0]}\nb\\4.png\n`);
  const { stderr } = await run(
    cwd,
    'train',
    '--resume=run',
    '--epochs=2',
    '--no-report',
    '--exclude=more.txt',
  );
  assert.match(
    stderr,
    new RegExp(`has changed since the run started: 1 added \\(b/new\\.png\\), 1 missing \\(${GONE}\\)\n`),
  );
  const after = splitOf(cwd);
  for (const [key, part] of after) assert.ok(key === 'b/new.png' || before.get(key) === part, key);
  assert.ok(!after.has('b/4.png'));
  const trained = [...after].find(([, part]) => part === 'train')![0];
  let name = 0;
  while (!isHeldOut(`a/renamed${name}.png`, 0.3, 5)) name++;
  renameSync(join(images, trained), join(images, 'a', `renamed${name}.png`));
  const moved = await shared.run(['train', '--resume=run', '--epochs=3'], cwd);
  assert.equal(moved.code, 1);
  assert.match(
    moved.stderr,
    /error: .*images has changed since the run started: 1 of its images would be in another part, such as a\/renamed\d+\.png, moved from train to val; put them back, or train a new run\n$/,
  );
  assert.deepEqual(splitOf(cwd), after);
}

it('a run keeps its split: when an image is left out, added or gone; in test and when it is resumed', () =>
  withFolder(async (cwd) => {
    await drawClasses(join(cwd, 'images'), ['a', 'b'], 12);
    writeFileSync(join(cwd, 'images', 'a', '._0.jpeg'), 'Mac OS X');
    writeFileSync(join(cwd, 'list.txt'), `# blurred\r\n"${HELD[0]!.replace('/', '\\')}"\r\n`, 'utf16le');
    const flags = ['--epochs=1', '--val-share=0.3', '--split-seed=5', '--exclude=list.txt'];
    const { stderr } = await run(cwd, ...TRAIN, ...flags);
    assert.match(stderr, /1 hidden or system file \(a\/\._0\.jpeg\)/);
    const split = splitOf(cwd);
    assert.equal(split.size, 23);
    for (const [key, part] of split) assert.equal(part, HELD.includes(key) ? 'val' : 'train', key);
    await checkTest(cwd);
    await checkResume(cwd);
  }));

it('parts by their usual names; test/ is for test, and val/ for training', () =>
  withFolder(async (cwd) => {
    for (const [part, count] of [
      ['Training', 8],
      ['Valid', 2],
      ['Testing', 3],
    ] as const)
      await drawClasses(join(cwd, 'images', 'set', part), ['a', 'b'], count);
    mkdirSync(join(cwd, 'images', '__MACOSX'));
    const { stderr } = await run(cwd, ...TRAIN, '--epochs=1');
    assert.match(
      stderr,
      /images: 2 classes; 16 images to train on \(set.Training\), 4 images for validation \(set.Valid\), 6 images for testing at the end \(set.Testing\)\n/,
    );
    assert.equal((await tested(cwd)).images, 6);
    assert.equal((await tested(cwd, '--part=val')).images, 4);
    assert.equal((await tested(cwd, '--part=train')).images, 16);
    assert.equal((await tested(cwd, '--data-path=images/set/Testing')).images, 6);
    const bad = join(cwd, 'images', 'set', 'Testing');
    writeFileSync(join(bad, 'a', 'broken.jpg'), 'no image');
    const predicted = await biasloss(
      [
        'predict',
        '--checkpoint=run/last.safetensors',
        '--log-format=csv',
        '--top=1',
        '--engine=onnx',
        '--threads=1',
        bad,
      ],
      { cwd },
    );
    assert.equal(predicted.code, 1);
    assert.match(predicted.stderr, /^error: .*broken\.jpg is not an image that can be read/);
    const lines = predicted.stdout.trim().split('\n');
    assert.equal(lines[0], 'image,rank,class,label,probability');
    assert.equal(lines.length, 7);
    for (const line of lines.slice(1)) assert.match(line, /Testing.[ab].\d\.\w+,1,[ab],[01],(0\.\d+|1)$/);
    const piped = (input: string): Promise<Ended> =>
      biasloss(['predict', '--checkpoint=run/last.safetensors', '--engine=onnx', '--threads=1', '-'], {
        cwd,
        shell: `"$@" < ${input}`,
      });
    const image = await piped('images/set/Testing/b/1.png');
    assert.match(image.stdout, /^stdin\n( +\d+\.\d\d% {2}[ab]\n){2}$/, image.stderr);
    writeFileSync(join(cwd, 'paths.txt'), 'images/set/Testing/b/1.png\nimages/set/Valid\n');
    const list = await piped('paths.txt');
    assert.equal(list.stdout.match(/^images.set/gm)?.length, 5);
    assert.equal(list.stdout.split('\n').slice(1, 3).join(), image.stdout.split('\n').slice(1, 3).join());
    const odd = ['#1.png', ' 2 .png'];
    for (const name of odd) copyFileSync(join(cwd, 'images/set/Testing/b/1.png'), join(cwd, name));
    writeFileSync(join(cwd, 'paths.txt'), `${odd.join('\r\n')}\n\n`);
    const named = await piped('paths.txt');
    assert.deepEqual(
      named.stdout.split('\n').filter((line) => line.endsWith('.png')),
      odd,
      named.stderr,
    );
  }));
