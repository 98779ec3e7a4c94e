import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { tar } from '../data/support/cifar.js';
import { drawClasses, drawnImage } from './fixtures/images.js';
import { type Ended, eventsOf } from './fixtures/process.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const CLASSES = ['broad', 'narrow', 'wide'];
const ENGINE = ['--engine=onnx', '--threads=1'];
/** A training of a second. */
const TRAIN = [
  'train',
  '--model=shufflenetv2',
  '--ratio=0.5',
  '--image-size=32',
  '--epochs=1',
  '--batch-size=8',
  '--base-lr=0.02',
  '--no-report',
  ...ENGINE,
];

const shared = new SharedProcess();
/** Holds `images`, and a run on them in `run`. */
const cwd = mkdtempSync(join(tmpdir(), 'biasloss-'));

async function succeed(...args: string[]): Promise<Ended> {
  const ended = await shared.run(args, cwd);
  assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.stderr}`);
  return ended;
}

async function fail(message: RegExp, ...args: string[]): Promise<void> {
  const { code, stderr } = await shared.run(args, cwd);
  assert.match(stderr, message);
  assert.match(stderr, /^error: [^\n]*\n$/);
  assert.ok(code === 1 || code === 2, `exit code ${code}`);
}

before(async () => {
  await drawClasses(join(cwd, 'images'), CLASSES, 8);
  const folders = ['--data=imagefolder', '--data-path=images', '--run-dir=run'];
  const jitter = ['--colour-jitter=0.2', '--hue-jitter=0.1', '--workers=2'];
  await succeed(...TRAIN, ...folders, ...jitter);
});
after(() => {
  shared.close();
  rmSync(cwd, { recursive: true });
});

interface Prediction {
  readonly image: string;
  readonly classes: readonly {
    readonly name: string;
    readonly label: number;
    readonly probability: number;
  }[];
}

async function predictions(...args: string[]): Promise<Prediction[]> {
  const { stdout } = await succeed('predict', ...args, '--log-format=json');
  const lines = stdout.trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Prediction);
}

function assertSamePredictions(found: readonly Prediction[], expected: readonly Prediction[]): void {
  assert.deepEqual(
    found.map(({ image }) => image),
    expected.map(({ image }) => image),
  );
  for (const [i, { classes }] of expected.entries()) {
    for (const { name, probability } of classes) {
      const other = found[i]!.classes.find((guess) => guess.name === name);
      assert.ok(other && Math.abs(other.probability - probability) < 1e-4, `${name}: ${probability}`);
    }
  }
}

const BEST = '--checkpoint=run/best.safetensors';

/** The first line of JSON that a command prints. */
async function resultOf(...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await succeed(...args, '--log-format=json');
  return eventsOf(stdout)[0]!;
}

/** The figures of `test` that `validate` has, too. */
function inCommon(
  tested: Record<string, unknown>,
  validated: Record<string, unknown>,
): Record<string, unknown> {
  return Object.fromEntries(Object.keys(validated).map((key) => [key, tested[key]]));
}

/** An exported model has the accuracy of its source over a whole folder in `test` and `validate`, without parameters. */
async function checkOnnx(checkpoint: string): Promise<void> {
  const validate = ['validate', '--data=images', '--batch-size=7'];
  const { parameters, cross_entropy: source, ...rest } = await resultOf(...validate, BEST, ...ENGINE);
  assert.equal(parameters, 348_843);
  for (const command of [['test', '--data=imagefolder', '--data-path=images'], validate]) {
    const { cross_entropy: exported, ...found } = await resultOf(...command, checkpoint, '--threads=1');
    assert.deepEqual(inCommon(found, rest), rest);
    assert.ok(Math.abs(Number(exported) - Number(source)) < 1e-4, `${exported} for ${source}`);
  }
  const labels = JSON.parse(readFileSync(join(cwd, 'exported.labels.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  assert.deepEqual(
    [labels.classes, labels.imageSize, labels.resizeSize, labels.interpolation],
    [CLASSES, 32, 37, 'bilinear'],
  );
}

/** Every exported format predicts as its source did. */
async function checkExports(expected: readonly Prediction[]): Promise<void> {
  const images = expected.map(({ image }) => image);
  for (const [to, ...flags] of [['safetensors'], ['pth'], ['onnx'], ['onnx', '--include-preprocessing']]) {
    const output = `exported.${to}`;
    const { stdout } = await succeed('export', BEST, `--to=${to}`, `--output=${output}`, ...flags);
    assert.match(stdout, new RegExp(`^exported\\.${to}: 1\\.\\d\\d MB`));
    const engine = to === 'onnx' ? ['--threads=1'] : ENGINE;
    const checkpoint = `--checkpoint=${output}`;
    if (to === 'onnx') await checkOnnx(checkpoint);
    const found = await predictions(checkpoint, ...engine, ...images);
    assertSamePredictions(found, expected);
  }
}

describe('an image folder on the command line', () => {
  it('train, test, validate, export and predict agree', async () => {
    const tested = await resultOf('test', BEST, ...ENGINE);
    assert.equal(tested.images, 6);
    const { top1, cross_entropy: _, ...rest } = await resultOf('validate', BEST, '--data=images', ...ENGINE);
    assert.deepEqual(rest, { event: 'result', top5: 100, parameters: 348_843, images: 24 });
    const all = CLASSES.flatMap((name) =>
      Array.from({ length: 8 }, (_, i) => `images/${name}/${i}.${['jpeg', 'png', 'webp'][i % 3]}`),
    );
    const guesses = await predictions(BEST, ...ENGINE, ...all);
    const right = guesses.filter(({ image, classes }) => image.includes(`/${classes[0]!.name}/`)).length;
    assert.ok(Math.abs(Number(top1) - (100 * right) / 24) < 1e-3, `${top1}: ${right} of 24`);
    await checkExports([guesses[0]!, guesses[17]!]);
    const { stdout } = await succeed('predict', BEST, ...ENGINE, all[0]!);
    assert.match(stdout, /^images\/broad\/0\.jpeg\n( +\d+\.\d\d% {2}(broad|narrow|wide)\n){3}$/);
  });

  it('fine-tuning keeps the classifier’s rows of the same names, and says so; a subset is validated', async () => {
    await drawClasses(join(cwd, 'two'), ['narrow', 'wide'], 10);
    const pretrained = ['--pretrained=run/best.safetensors', '--data=imagefolder', '--data-path=two'];
    const { stderr } = await succeed(...TRAIN, ...pretrained, '--run-dir=tuned');
    assert.match(stderr, /best\.safetensors: 2 of 2 classifier rows kept by class name\n/);
    const own = await succeed('validate', BEST, '--data=two', ...ENGINE);
    writeFileSync(join(cwd, 'map.json'), JSON.stringify({ broad: 0, narrow: 1, wide: 2 }));
    const subset = ['validate', BEST, '--data=two', '--class-map=map.json', ...ENGINE];
    const { stdout } = await succeed(...subset, '--batch-size=4', '--log-freq=2');
    assert.match(stdout, /^top-1 +\d+\.\d\d%\n348,843 parameters, 20 images\n$/);
    assert.match(own.stderr, /^two: 2 classes; 20 images for validation\n/);
    assert.equal(own.stdout, stdout);
    writeFileSync(join(cwd, 'wrong.json'), JSON.stringify({ narrow: 1, wide: 7 }));
    await fail(/class number 7, but there are 3/, 'validate', BEST, '--data=two', '--class-map=wrong.json');
  });
});

describe('WebDataset archives on the command line', () => {
  it('trains, tests and validates on WebDataset archives', async () => {
    for (const [part, count] of [
      ['train', 16],
      ['val', 6],
    ] as const) {
      mkdirSync(join(cwd, 'shards', part), { recursive: true });
      const files: Record<string, Uint8Array> = {};
      for (let i = 0; i < count; i++) {
        files[`${i}.png`] = await drawnImage(i % 2, i);
        files[`${i}.cls`] = Buffer.from(String(i % 2));
      }
      writeFileSync(join(cwd, 'shards', part, 'a.tar'), await tar(files));
    }
    await succeed(...TRAIN, '--data=webdataset', '--data-path=shards', '--run-dir=sharded');
    const sharded = '--checkpoint=sharded/best.safetensors';
    const best = [sharded, ...ENGINE, '--log-format=json'];
    const [tested] = eventsOf((await succeed('test', ...best)).stdout);
    const [validated] = eventsOf((await succeed('validate', ...best, '--data=shards')).stdout);
    assert.equal(tested!.images, 6);
    assert.deepEqual(inCommon(tested!, validated!), validated);
    const one = await succeed('validate', ...best, '--data=shards/train/a.tar');
    assert.equal(eventsOf(one.stdout)[0]!.images, 16);
    await fail(
      /archives hold class numbers/,
      'validate',
      sharded,
      ...ENGINE,
      '--data=shards',
      '--class-map=x',
    );
  });
});
