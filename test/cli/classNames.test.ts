import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { drawClasses } from './fixtures/images.js';
import { eventsOf } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const ENGINE = ['--engine=onnx', '--threads=1'];
const TRAIN = ['train', '--data=imagefolder', '--model=shufflenetv2', '--ratio=0.5', '--image-size=32'];
const SHORT = ['--epochs=1', '--batch-size=8', '--base-lr=0.02', '--no-report', ...ENGINE];
const BEST = '--checkpoint=run/best.safetensors';

type Row = Record<string, unknown>;

const shared = new SharedProcess();
/** Holds the images of ant, bee and cat, and a run on them. */
const cwd = mkdtempSync(join(tmpdir(), 'biasloss-'));

async function succeed(...args: string[]): Promise<{ events: Row[]; stderr: string }> {
  const { code, stdout, stderr } = await shared.run([...args, '--log-format=json'], cwd);
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return { events: eventsOf(stdout), stderr };
}

async function fail(message: RegExp, ...args: string[]): Promise<void> {
  const { code, stderr } = await shared.run(args, cwd);
  assert.match(stderr.split('\n').at(-2) ?? '', message, args.join(' '));
  assert.ok(code === 1 || code === 2, `exit code ${code}`);
}

/** Share of right predictions, in percent, of the images of some classes, as `predict` tells them apart. */
async function rightOf(...classes: string[]): Promise<number> {
  const images = classes.flatMap((name) =>
    Array.from({ length: 8 }, (_, i) => `images/${name}/${i}.${['jpeg', 'png', 'webp'][i % 3]}`),
  );
  const { events } = await succeed('predict', BEST, ...ENGINE, ...images);
  const right = events.filter(({ image, classes: guesses }) => {
    const [first] = guesses as { name: string }[];
    return String(image).startsWith(`images/${first!.name}/`);
  });
  return (100 * right.length) / images.length;
}

before(async () => {
  await drawClasses(join(cwd, 'images'), ['ant', 'bee', 'cat'], 8);
  await succeed(...TRAIN, ...SHORT, '--data-path=images', '--run-dir=run');
});
after(() => {
  shared.close();
  rmSync(cwd, { recursive: true });
});

/** The same images with only some classes, under other names. */
function copyClasses(to: string, names: Readonly<Record<string, string>>): void {
  for (const [from, name] of Object.entries(names))
    cpSync(join(cwd, 'images', from), join(cwd, to, name), { recursive: true });
}

describe('classes are names', () => {
  it('in test and validate: a subset has the right labels, other names are refused', async () => {
    copyClasses('two', { bee: 'bee', cat: 'cat' });
    copyClasses('shifted', { bee: 'bee', cat: 'cat', ant: 'dog' });
    copyClasses('renamed', { ant: 'zebra', bee: 'bee', cat: 'cat' });
    const [subset] = (await succeed('validate', BEST, '--data=two', ...ENGINE)).events;
    assert.equal(subset!.images, 16);
    const right = await rightOf('bee', 'cat');
    assert.ok(Math.abs(Number(subset!.top1) - right) < 1e-3, `${subset!.top1}, not ${right}`);
    const folder = (name: string): string[] => ['--data=imagefolder', `--data-path=${name}`];
    const [tested] = (await succeed('test', BEST, ...folder('two'), '--per-class', ...ENGINE)).events;
    const rows = (tested!.per_class as { name: string; images: number }[]).filter(({ images }) => images > 0);
    assert.deepEqual(rows.map(({ name }) => name).sort(), ['bee', 'cat']);
    const unknown = /has a class that .*best\.safetensors does not know: dog; it knows ant, bee, cat/;
    await fail(unknown, 'test', BEST, ...folder('shifted'), ...ENGINE);
    await fail(unknown, 'validate', BEST, '--data=shifted', ...ENGINE);
    await fail(/does not know: zebra/, 'test', BEST, ...folder('renamed'), ...ENGINE);
    await fail(/does not know: zebra/, 'validate', BEST, '--data=renamed', ...ENGINE);
    writeFileSync(join(cwd, 'map.json'), JSON.stringify({ zebra: 0, bee: 1, cat: 2 }));
    const mapped = ['validate', BEST, '--data=renamed', '--class-map=map.json', ...ENGINE];
    const all = await rightOf('ant', 'bee', 'cat');
    const [viaMap] = (await succeed(...mapped)).events;
    assert.ok(Math.abs(Number(viaMap!.top1) - all) < 1e-3, `${viaMap!.top1}, not ${all}`);
    writeFileSync(join(cwd, 'map.json'), JSON.stringify({ zebra: 0, cat: 1, bee: 2 }));
    await fail(/has cat as class 1, but in .* it is class 2/, ...mapped);
  });
});

describe('classes of a run are names', () => {
  it('on resume: other classes are refused, and the run stays as it was', async () => {
    renameSync(join(cwd, 'images', 'ant'), join(cwd, 'images', 'zebra'));
    const last = readFileSync(join(cwd, 'run', 'last.safetensors'));
    const refused = /cannot be resumed with other classes: zebra is new, ant is missing/;
    await fail(refused, 'train', '--resume=run', '--epochs=2', '--no-report');
    assert.deepEqual(readFileSync(join(cwd, 'run', 'last.safetensors')), last);
    renameSync(join(cwd, 'images', 'zebra'), join(cwd, 'images', 'ant'));
    await succeed('train', '--resume=run', '--epochs=2', '--no-report');
  });

  it('with --pretrained: rows are kept by name', async () => {
    copyClasses('others', { ant: 'dog', bee: 'bee', cat: 'emu' });
    const args = [...TRAIN, ...SHORT, '--data-path=others', '--run-dir=tuned'];
    const { stderr } = await succeed(...args, '--pretrained=run/best.safetensors');
    assert.match(stderr, /1 of 3 classifier rows kept by class name, 2 initialised \(dog, emu\)/);
    assert.match(stderr, /images are prepared at 32×32"/);
  });
});

describe('classes are names', () => {
  it('in files without names: by --classes-file, or in sorted order, which is said', async () => {
    const written = await shared.run(['export', BEST, '--to=safetensors', '--output=named.safetensors'], cwd);
    assert.equal(written.code, 0, written.stderr);
    // What another program would write: the tensors alone.
    const bytes = readFileSync(join(cwd, 'named.safetensors'));
    const length = Number(bytes.readBigUInt64LE());
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<string, unknown>;
    delete header.__metadata__;
    const text = Buffer.from(JSON.stringify(header).padEnd(length));
    writeFileSync(
      join(cwd, 'bare.safetensors'),
      Buffer.concat([bytes.subarray(0, 8), text, bytes.subarray(8 + length)]),
    );
    writeFileSync(join(cwd, 'names.txt'), 'ant\nbee\ncat\n');
    copyClasses('pair', { bee: 'bee', cat: 'cat' });
    const prepared = [
      '--mean=0.485,0.456,0.406',
      '--std=0.229,0.224,0.225',
      '--resize-size=37',
      '--exif=apply',
    ];
    const bare = ['validate', '--checkpoint=bare.safetensors', ...prepared, ...ENGINE];
    const named = await succeed(...bare, '--data=pair', '--classes-file=names.txt');
    const [expected] = (await succeed('validate', BEST, '--data=pair', ...ENGINE)).events;
    assert.deepEqual(named.events[0], expected);
    assert.equal(named.stderr, '{"event":"notice","text":"pair: 2 classes; 16 images for validation"}\n');
    await fail(
      /pair has 2 classes, but bare\.safetensors has 3, without names: give --classes-file, which .*, or --class-map/,
      ...bare,
      '--data=pair',
    );
    const test = ['test', ...bare.slice(1), '--data=imagefolder', '--data-path=pair'];
    const [tested] = (await succeed(...test, '--classes-file=names.txt')).events;
    assert.equal(tested!.top1, expected!.top1);
    const unnamed = await shared.run(test, cwd);
    assert.match(
      unnamed.stderr,
      /has 2 classes, but bare\.safetensors has 3, without names: give --classes-file/,
    );
    assert.doesNotMatch(unnamed.stderr, /in sorted order/);
    const sorted = await succeed(...bare, '--data=images');
    assert.match(sorted.stderr, /bare\.safetensors has no class names: the folders of images are taken as/);
    const assumed = await succeed('validate', '--checkpoint=bare.safetensors', '--data=images', ...ENGINE);
    assert.match(
      assumed.stderr,
      /assumed the mean and deviation of ImageNet \(--mean, --std\) and the shorter side .* \(--resize-size\)/,
    );
    const told = ['validate', BEST, '--data=pair'];
    await fail(/--mean is for weights that do not say it/, ...told, ...prepared);
    await fail(/--classes-file is for weights that do/, ...told, '--classes-file=names.txt');
  });
});
