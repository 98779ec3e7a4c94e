/** The README's way from a folder of images to an ONNX file that predicts, and its example of the library, as they stand. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createModel } from '../../src/models/registry.js';
import { exportTorch } from '../../src/train/exportWeights.js';
import { counterTensor, type StateDictTensors } from '../../src/train/stateDict.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { drawClasses, drawnImage } from './fixtures/images.js';
import { biasloss, type Ended } from './fixtures/process.js';

const README = new URL('../../../README.md', import.meta.url);
const LIBRARY = new URL('../../src/index.js', import.meta.url).href;

/** The first block in a language after a sentence. */
function blockAfter(sentence: string, language: string): string {
  const text = readFileSync(README, 'utf8');
  const start = text.indexOf(sentence);
  assert.ok(start >= 0, `the README does not say "${sentence}"`);
  return new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(text.slice(start))![1]!;
}

/** The commands of the block that follows a sentence, without `biasloss`. */
function commandsAfter(sentence: string): string[][] {
  return blockAfter(sentence, 'sh')
    .trim()
    .split('\n')
    .map((line) => {
      const [program, ...args] = line.split(/\s+/);
      assert.equal(program, 'biasloss');
      return args;
    });
}

/** SkipblockNet's initial values, as if they were the published weights. */
function initialWeights(): StateDictTensors {
  const entries = createModel({ name: 'skipblocknet', classes: 1000 }).stateEntries();
  return new Map(
    entries.map(({ name, kind, shape, parameter }) => [
      name,
      kind === 'counter' ? counterTensor(0) : { dtype: 'f32', shape, data: parameter.initialise(1, name) },
    ]),
  );
}

test('the README’s example of the library', () =>
  withFolder(async (cwd) => {
    const script = [
      'const images = new Float32Array(64 * 3 * 32 * 32).map((_, i) => Math.sin(i));',
      'const labels = Int32Array.from({ length: 64 }, (_, i) => i);',
      blockAfter('## The library', 'ts').replace("'biasloss'", `'${LIBRARY}'`),
      'console.log(loss > 0, logits.length, gradients.get("fc.bias").length, weights.get("fc.bias").shape);',
    ];
    writeFileSync(join(cwd, 'example.mjs'), script.join('\n'));
    const ended = spawnSync(process.execPath, ['example.mjs'], { cwd, encoding: 'utf8' });
    assert.deepEqual([ended.stdout, ended.stderr], ['true 6400 100 [ 100 ]\n', '']);
  }));

test('the README’s four commands: from a folder of images to an ONNX file that predicts', () =>
  withFolder(async (cwd) => {
    await drawClasses(join(cwd, 'images'), ['broad', 'narrow'], 24);
    writeFileSync(join(cwd, 'some-image.jpg'), await drawnImage(1, 99, 'jpeg'));
    writeFileSync(join(cwd, 'skipblocknet-m.pth'), Buffer.concat(exportTorch(initialWeights())));
    const ended: Ended[] = [];
    const commands = commandsAfter('From a folder of images');
    assert.deepEqual(
      commands.map(([command]) => command),
      ['check-data', 'train', 'export', 'predict'],
    );
    for (const args of commands) {
      const one = await biasloss(args, { cwd });
      assert.equal(one.code, 0, `${args.join(' ')}: ${one.stderr}`);
      ended.push(one);
    }
    const [checked, trained, exported, predicted] = ended;
    assert.match(checked!.stdout, /^images: 48 images in 2 classes \(train\)\n/);
    assert.match(trained!.stderr, /skipblocknet-m\.pth: .*classifier/);
    assert.match(
      trained!.stdout,
      /epoch 10\/10 [\s\S]*\nrun folder: runs\/mine\nreport: runs\/mine\/report\.html\n/,
    );
    assert.match(exported!.stdout, /^runs\/mine\/best\.onnx: \d\d\.\d\d MB, checked against the source/);
    assert.match(predicted!.stdout, /^some-image\.jpg\n( +\d+\.\d\d% {2}(broad|narrow)\n){2}$/);
  }));
