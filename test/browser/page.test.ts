/** The page of docs/deploy.md in a real browser: it answers as `predict` does. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { biasloss, eventsOf } from '../cli/fixtures/process.js';
import { blockOf } from '../support/markdown.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { launchChromium, withoutChromium } from './fixtures/chromium.js';
import { drawPhotograph, TINTS } from './fixtures/photographs.js';
import { withServer } from './fixtures/server.js';

const COUNT = 40;
const SCHEDULE = ['--loss=ce', '--epochs=12', '--batch-size=8', '--base-lr=0.01', '--schedule=cosine'];

async function succeed(cwd: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await biasloss(args, { cwd });
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Trains a model on drawn images, into `run`. */
async function train(cwd: string): Promise<void> {
  for (const [label, name] of TINTS.entries())
    for (let i = 0; i < 30; i++) await drawPhotograph(join(cwd, 'images', name), label, 100 + i);
  const model = ['--model=shufflenetv2', '--ratio=0.5', '--image-size=32', '--engine=onnx', '--threads=1'];
  const data = ['--data=imagefolder', '--data-path=images', '--run-dir=run'];
  await succeed(cwd, 'train', ...model, ...data, ...SCHEDULE);
}

interface Answer {
  readonly file: string;
  readonly name: string;
  readonly percent: number;
}

/** What `predict` says of files in the folder `photographs`. */
async function predicted(cwd: string, files: readonly string[]): Promise<Answer[]> {
  const options = ['--checkpoint=mine.onnx', '--log-format=json', '--threads=1'];
  const paths = files.map((file) => join('photographs', file));
  const events = eventsOf(await succeed(cwd, 'predict', ...options, ...paths));
  return events.map(({ classes }, i) => {
    const [{ name, probability }] = classes as [{ name: string; probability: number }];
    return { file: files[i]!, name, percent: 100 * probability };
  });
}

/** What the page says of files. */
async function answersOf(address: string, files: readonly string[]): Promise<Answer[]> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(address, { waitUntil: 'networkidle' });
    await page.setInputFiles('input', [...files]);
    const wanted = files.length;
    const lines = async (): Promise<string[]> =>
      ((await page.textContent('pre')) ?? '').split('\n').filter((line) => line !== '');
    const deadline = Date.now() + 120_000;
    while ((await lines()).length < wanted && errors.length === 0 && Date.now() < deadline)
      await page.waitForTimeout(100);
    assert.deepEqual(errors, []);
    return (await lines()).map((line) => {
      const [, file, name, percent] = /^(.*): (.*) (\d+\.\d\d)%$/.exec(line)!;
      return { file: file!, name: name!, percent: Number(percent) };
    });
  } finally {
    await browser.close();
  }
}

/** The same classes, and the same probabilities but for the engine's rounding. */
function assertSame(found: readonly Answer[], expected: readonly Answer[]): void {
  const named = (answers: readonly Answer[]): string[] => answers.map(({ file, name }) => `${file}: ${name}`);
  assert.deepEqual(named(found), named(expected));
  expected.forEach(({ percent, file }, i) => {
    assert.ok(Math.abs(found[i]!.percent - percent) < 0.02, `${file}: ${found[i]!.percent}, not ${percent}`);
  });
}

describe('the page of docs/deploy.md in Chromium', { skip: withoutChromium }, () => {
  it('answers as predict does for 120 of 120 images, whether the model or the page normalises them', () =>
    withFolder(async (cwd) => {
      await train(cwd);
      writeFileSync(join(cwd, 'index.html'), blockOf('docs/deploy.md', 'html', '## A page of your own'));
      const files: string[] = [];
      for (const label of TINTS.keys())
        for (let i = 0; i < COUNT; i++)
          files.push(basename(await drawPhotograph(join(cwd, 'photographs'), label, i)));
      assert.equal(files.length, 120);
      for (const flags of [['--include-preprocessing'], []]) {
        const source = ['--checkpoint=run/best.safetensors', '--to=onnx', '--output=mine.onnx'];
        await succeed(cwd, 'export', ...source, ...flags);
        const expected = await predicted(cwd, files);
        assert.ok(new Set(expected.map(({ name }) => name)).size > 1, 'one class alone');
        await withServer(cwd, async (address) => {
          const paths = files.map((file) => join(cwd, 'photographs', file));
          assertSame(await answersOf(address, paths), expected);
        });
      }
    }));
});
