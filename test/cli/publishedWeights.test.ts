/** From published weights to a model of one's own images, by name: train, resume, predict, validate, export. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { serializeSafetensors } from '../../src/formats/safetensors/serialize.js';
import { writeTorchCheckpoint } from '../../src/formats/torch/writeTorch.js';
import { createModel } from '../../src/models/registry.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { readWeights } from '../../src/runs/weights.js';
import type { DataDescription } from '../../src/train/checkpointInfo.js';
import { toStored } from '../../src/train/stateDict.js';
import { type HubServer, serveHub } from '../runs/fixtures/hubServer.js';
import { formulaTensors } from '../support/models.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses } from './fixtures/images.js';
import { biasloss, type Ended } from './fixtures/process.js';

const NAME = 'mine/shuffle.drawn';
const CLASSES = ['broad', 'narrow', 'wide'];
const CONFIG = {
  label_names: CLASSES,
  num_classes: 3,
  pretrained_cfg: {
    ...{ input_size: [3, 64, 64], crop_pct: 0.9, crop_mode: 'center', interpolation: 'bicubic' },
    ...{ mean: [0.5, 0.4, 0.3], std: [0.25, 0.2, 0.3] },
  },
};

interface Prediction {
  readonly classes: readonly { readonly name: string; readonly probability: number }[];
}

type Run = (...args: string[]) => Promise<Ended>;

/** Runs `body` in a folder with images, while {@link NAME} is served. */
function withPublished(
  t: Pick<TestContext, 'after'>,
  body: (cwd: string, run: Run, server: HubServer) => Promise<void>,
): Promise<void> {
  return withFolder(async (cwd) => {
    const model = createModel({ name: 'shufflenet_v2_x0_5', classes: 3 });
    const weights = Buffer.concat(serializeSafetensors(toStored(formulaTensors(model))));
    const config = Buffer.from(JSON.stringify(CONFIG));
    const server = await serveHub(t, NAME, { 'config.json': config, 'model.safetensors': weights });
    Object.assign(process.env, { HF_HOME: join(cwd, 'hf'), HF_ENDPOINT: server.url });
    await drawClasses(join(cwd, 'images'), CLASSES, 6);
    const run: Run = async (...args) => {
      const ended = await biasloss([...args], { cwd });
      assert.equal(ended.code, 0, `${args.join(' ')}: ${ended.stderr}`);
      return ended;
    };
    await body(cwd, run, server);
  });
}

const ENGINE = ['--engine=onnx', '--threads=1'];

test('a run starts from published weights, with their model and preprocessing, and resumes without a network', (t) =>
  withPublished(t, async (cwd, run, server) => {
    const data = ['--data=imagefolder', '--data-path=images', '--image-size=64', '--batch-size=4'];
    const training = ['--base-lr=0.001', '--epochs=1', '--run-dir=run'];
    const { stderr } = await run(
      'train',
      `--pretrained=${NAME}`,
      '--no-report',
      ...data,
      ...training,
      ...ENGINE,
    );
    assert.match(stderr, /the model is that of mine\/shuffle\.drawn: shufflenet_v2_x0_5\n/);
    assert.match(stderr, /mine\/shuffle\.drawn: 3 of 3 classifier rows kept by class name/);
    const checkpoint = readCheckpoint(join(cwd, 'run', 'last.safetensors'));
    const { mean, std, interpolation, resizeSize } = checkpoint.data;
    assert.deepEqual(
      { mean, std, interpolation, resizeSize },
      { mean: [0.5, 0.4, 0.3], std: [0.25, 0.2, 0.3], interpolation: 'bicubic', resizeSize: 71 },
    );
    assert.equal(checkpoint.training?.config.pretrained, NAME);
    await server.close();
    await run('train', '--resume=run', '--epochs=2', '--no-report', ...ENGINE);
  }));

test('a run that starts from another run’s weights prepares images as they do, in each format', (t) =>
  withPublished(t, async (cwd, run) => {
    const train = async (from: string, folder: string): Promise<DataDescription> => {
      const data = ['--data=imagefolder', '--data-path=images', '--image-size=64', '--batch-size=4'];
      const training = ['--base-lr=0.001', '--epochs=1', '--limit-train=8', `--run-dir=${folder}`];
      await run('train', `--pretrained=${from}`, '--no-report', ...data, ...training, ...ENGINE);
      return readCheckpoint(join(cwd, folder, 'last.safetensors')).data;
    };
    const expected = await train(NAME, 'first');
    assert.equal(expected.resizeSize, 71);
    assert.deepEqual(await train('first/last.safetensors', 'second'), expected);
    await run('export', '--to=pth', '--checkpoint=first/last.safetensors', '--output=first.pth');
    assert.deepEqual(await train('first.pth', 'third'), expected);
    // A training script's file that has mean and deviation alone.
    const { tensors } = readWeights(join(cwd, 'first.pth'));
    const { mean, std } = expected;
    const extras = new Map([['mean', mean] as const, ['std', std] as const]);
    const bytes = writeTorchCheckpoint(toStored(tensors), { wrapper: 'net', extras });
    writeFileSync(join(cwd, 'script.pth'), Buffer.concat(bytes));
    const fourth = await train('script.pth', 'fourth');
    assert.deepEqual(
      { ...fourth, resizeSize: undefined },
      { ...expected, interpolation: 'bilinear', resizeSize: undefined },
    );
  }));

test('predict, validate and export take published weights by name', (t) =>
  withPublished(t, async (cwd, run) => {
    const first = async (from: string): Promise<Prediction> => {
      const predict = ['predict', 'images/wide', '--log-format=json', '--threads=1'];
      const { stdout } = await run(...predict, `--checkpoint=${from}`);
      return JSON.parse(stdout.split('\n')[0]!) as Prediction;
    };
    const named = await first(NAME);
    await run('export', '--to=onnx', `--checkpoint=${NAME}`, '--include-preprocessing');
    const labels = JSON.parse(readFileSync(join(cwd, 'shuffle.drawn.labels.json'), 'utf8')) as unknown;
    assert.deepEqual(labels, {
      ...{ classes: CLASSES, input: 'uint8', imageSize: 64, resizeSize: 71, interpolation: 'bicubic' },
      ...{ exif: 'ignore', mean: [0.5, 0.4, 0.3], std: [0.25, 0.2, 0.3] },
    });
    const exported = await first('shuffle.drawn.onnx');
    named.classes.forEach(({ name, probability }, i) => {
      assert.equal(exported.classes[i]?.name, name);
      assert.ok(Math.abs(exported.classes[i]!.probability - probability) < 1e-5);
    });
    const { stdout } = await run('validate', '--data=images', `--checkpoint=${NAME}`, ...ENGINE);
    assert.match(stdout, /18 images/);
  }));

test('a name of nothing is one sentence and an exit code of 1', () =>
  withFolder(async (cwd) => {
    Object.assign(process.env, { HF_HOME: join(cwd, 'hf'), HF_ENDPOINT: 'http://127.0.0.1:1' });
    const args = ['train', '--model=shufflenet_v2_x0_5', '--pretrained=mine/nothing', '--data=synthetic'];
    const { code, stderr } = await biasloss([...args, '--run-dir=run', '--threads=1'], { cwd });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: mine\/nothing is no file, and cannot be fetched: http:\/\/127\.0\.0\.1:1 cannot be reached \([^\n]*\)[^\n]*\n$/,
    );
    assert.ok(!existsSync(join(cwd, 'run')));
  }));
