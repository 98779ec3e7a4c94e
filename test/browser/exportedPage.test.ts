/** The page that export writes, in a real browser: it answers as `predict` does. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { biasloss } from '../cli/fixtures/process.js';
import { assertSameAnswers, predicted, shownAnswers } from './fixtures/answers.js';
import { assertLooksRight } from './fixtures/axe.js';
import { launchChromium, withoutChromium } from './fixtures/chromium.js';
import { openPage } from './fixtures/openPage.js';
import { drawPhotograph, TINTS } from './fixtures/photographs.js';
import { FEW_TYPES, ISOLATION, withServer } from './fixtures/server.js';

let cwd = '';
let browser: Browser | undefined;
let photographs: string[] = [];

async function succeed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await biasloss(args, { cwd });
  assert.equal(code, 0, stderr);
  return stdout;
}

before(async () => {
  if (withoutChromium !== false) return;
  cwd = mkdtempSync(join(tmpdir(), 'biasloss-page-'));
  for (const [label, name] of TINTS.entries())
    for (let i = 0; i < 12; i++) await drawPhotograph(join(cwd, 'images', name), label, 100 + i);
  const model = ['--model=shufflenetv2', '--ratio=0.5', '--image-size=32', '--engine=onnx', '--threads=1'];
  const data = ['--data=imagefolder', '--data-path=images', '--run-dir=run', '--no-report'];
  await succeed(
    'train',
    ...model,
    ...data,
    '--loss=ce',
    '--epochs=8',
    '--batch-size=8',
    '--base-lr=0.01',
    '--schedule=cosine',
  );
  await succeed('export', '--checkpoint=run/last.safetensors', '--to=web');
  for (const label of TINTS.keys())
    for (let i = 0; i < 4; i++) photographs.push(await drawPhotograph(join(cwd, 'photographs'), label, i));
  photographs = photographs.sort();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  if (cwd !== '') rmSync(cwd, { recursive: true });
});

describe('the folder that export --to web writes', { skip: withoutChromium }, () => {
  it('has the model, its labels, the page and onnxruntime-web', () => {
    const folder = join(cwd, 'run', 'last-web');
    const names = readdirSync(folder).sort();
    assert.deepEqual(
      names.filter((name) => name !== 'assets' && !/licenses/.test(name)),
      ['exported-page.txt', 'gradcam.onnx', 'index.html', 'model.labels.json', 'model.onnx', 'ort'],
    );
    const labels = JSON.parse(readFileSync(join(folder, 'model.labels.json'), 'utf8'));
    assert.deepEqual(labels.classes, [...TINTS].sort());
    assert.equal(labels.bytes.f32, readFileSync(join(folder, 'model.onnx')).length);
    assert.ok(labels.bytes.f16 < 0.6 * labels.bytes.f32);
  });

  it('is written again over itself, but not over other files', async () => {
    await succeed('export', '--checkpoint=run/last.safetensors', '--to=web');
    const args = ['export', '--checkpoint=run/last.safetensors', '--to=web', '--output=images'];
    const { code, stderr } = await biasloss(args, { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /the folder images is not empty and is no exported page/);
  });
});

describe('an exported page in Chromium', { skip: withoutChromium }, () => {
  for (const [what, headers] of [
    ['without threads', {}],
    ['with threads, where the page is isolated', ISOLATION],
  ] as const)
    it(`answers as predict does, ${what}`, async () => {
      const expected = await predicted(cwd, 'run/last-web/model.onnx', photographs);
      const percents = expected.map(({ classes }) => classes[0]!.percent.toFixed(1));
      assert.ok(new Set(percents).size > 6, `answers that hardly differ: ${percents.join()}`);
      const serve = async (address: string): Promise<void> => {
        const { page, faults } = await openPage(browser!, address);
        await page.waitForSelector('input[type=file]', { state: 'attached' });
        await page.setInputFiles('input[type=file]', photographs);
        const shown = await shownAnswers(page, photographs.length);
        assertSameAnswers(shown, expected);
        assert.match(
          String(await page.locator('p[role=status]').last().textContent()),
          /^\S+: \w+, \d+\.\d\d%\.$/,
        );
        assert.deepEqual(faults, []);
        await page.close();
      };
      await withServer(join(cwd, 'run', 'last-web'), serve, headers, FEW_TYPES);
    });
});

describe('an exported page, used by keyboard', { skip: withoutChromium }, () => {
  it('shows where the model looks, and says what is no image', () =>
    withServer(join(cwd, 'run', 'last-web'), async (address) => {
      const { page, faults } = await openPage(browser!, address);
      await page.waitForSelector('input[type=file]', { state: 'attached' });
      await page.setInputFiles('input[type=file]', photographs[0]!);
      await page.getByLabel('Where the model looks').selectOption({ index: 1 });
      const canvas = page.getByRole('img', { name: /^Where the model looks for / });
      await canvas.waitFor({ timeout: 30_000 });
      assert.equal(await canvas.getAttribute('width'), '32');
      await page.setInputFiles('input[type=file]', {
        name: 'broken.png',
        mimeType: 'image/png',
        buffer: Buffer.from('no image'),
      });
      await page.waitForSelector('li .bad');
      assert.match(String(await page.textContent('li .bad')), /^broken\.png cannot be decoded: /);
      assert.deepEqual(faults, []);
      await page.close();
    }));

  it('is accessible and fits, dark and light, on a desktop and a phone', () =>
    withServer(join(cwd, 'run', 'last-web'), async (address) => {
      const { page, faults } = await openPage(browser!, address);
      await page.waitForSelector('input[type=file]', { state: 'attached' });
      await page.setInputFiles('input[type=file]', photographs[1]!);
      await page.waitForSelector('ol.answers td');
      await assertLooksRight(page, 'exported-page');
      assert.deepEqual(faults, []);
      await page.close();
    }));
});
