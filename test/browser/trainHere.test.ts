/** Training in the page of the static site, used as a person would. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { readOnnxClassifier } from '../../src/formats/onnx/readClassifier.js';
import { zipNames } from '../../src/formats/zip/readZip.js';
import { parseWeights } from '../../src/train/weights.js';
import { assertLooksRight } from './fixtures/axe.js';
import { launchChromium, withoutChromium } from './fixtures/chromium.js';
import { DIRECTIONS, drawStripes } from './fixtures/drawings.js';
import { openPage, watchPage } from './fixtures/openPage.js';
import { ISOLATION, withServer } from './fixtures/server.js';

let folder = '';
let browser: Browser | undefined;
let images: string[][] = [];
before(async () => {
  if (withoutChromium !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'biasloss-train-'));
  images = await Promise.all(DIRECTIONS.map((name, label) => drawStripes(join(folder, name), label, 40)));
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  if (folder !== '') rmSync(folder, { recursive: true });
});

/** Fills in two classes and a short training. */
async function fill(page: Page, epochs: number): Promise<void> {
  for (const [label, name] of DIRECTIONS.entries()) {
    await page.getByLabel('Name of the class').nth(label).fill(name);
    await page
      .getByRole('group', { name: `Images of ${name}` })
      .locator('input')
      .setInputFiles(images[label]!);
  }
  await page.getByLabel('Image size, pixels').selectOption('32');
  await page.getByLabel('Epochs').fill(String(epochs));
  await page.getByLabel('Batch size').fill('8');
  await page.getByLabel('Loss').selectOption('ce');
}

const status = async (page: Page): Promise<string> => String(await page.textContent('p.progress'));

/** What a button downloads. */
async function downloaded(page: Page, name: string): Promise<Uint8Array> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name }).press('Enter');
  return new Uint8Array(readFileSync(await (await download).path()));
}

/** How many epochs the browser has kept. */
const KEPT_EPOCHS = `new Promise((resolve) => {
  const request = indexedDB.open('biasloss');
  request.onsuccess = () => {
    const kept = request.result.transaction('training').objectStore('training').get('epochs');
    kept.onsuccess = () => {
      request.result.close();
      resolve((kept.result ?? []).length);
    };
  };
})`;

/** Waits until the browser has kept so many epochs, without the page's timers. */
async function untilKept(page: Page, epochs: number): Promise<void> {
  for (const end = Date.now() + 60_000; Number(await page.evaluate(KEPT_EPOCHS)) < epochs; ) {
    if (Date.now() > end) throw new Error(`the training does not reach epoch ${epochs}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Best top-1 of the test images, as the page says it at the end. */
async function bestTop1(page: Page): Promise<number> {
  await page.waitForSelector('p.progress:has-text("Complete")', { timeout: 120_000 });
  return Number(/best top-1 ([\d.]+)%/.exec(await status(page))![1]);
}

/** The three downloads are the model that was trained. */
async function assertDownloads(page: Page): Promise<void> {
  const onnx = readOnnxClassifier(await downloaded(page, 'Download ONNX'), 'the download');
  assert.deepEqual([onnx.classes, onnx.imageSize, onnx.takesBytes], [[...DIRECTIONS], 32, true]);
  const { info } = parseWeights(await downloaded(page, 'Download safetensors'), 'the download');
  assert.deepEqual([info?.model.name, info?.data.classes], ['shufflenetv2', [...DIRECTIONS]]);
  const names = zipNames(await downloaded(page, 'Download a page'), 'the download');
  const runtime = ['ort/ort.wasm.min.js', 'ort/ort-wasm-simd-threaded.js', 'ort/ort-wasm-simd-threaded.wasm'];
  for (const name of ['exported-page.txt', 'index.html', 'model.onnx', 'model.labels.json', ...runtime])
    assert.ok(names.includes(name), `${name} among ${names.join()}`);
}

describe('training in the page of the static site in Chromium', { skip: withoutChromium }, () => {
  it('goes on without the page’s timers, is stopped, resumed after a reload, and reaches over 80%', () =>
    withServer(
      'dist/web',
      async (address) => {
        const { page, faults } = await openPage(browser!, address);
        await fill(page, 6);
        await page.getByRole('button', { name: 'Start training' }).press('Enter');
        await page.waitForSelector('p.progress:has-text("Epoch 1 of")', { timeout: 60_000 });
        await page.evaluate(
          'window.setTimeout = window.setInterval = window.requestAnimationFrame = () => 0',
        );
        await untilKept(page, 1);
        await page.getByRole('button', { name: 'Stop' }).press('Enter');
        await page.waitForSelector('p.progress:has-text("Stopped in epoch")');
        await page.reload();
        await page.waitForSelector('p.progress:has-text("Stopped in epoch")');
        await page.getByRole('button', { name: 'Resume' }).press('Enter');
        assert.ok((await bestTop1(page)) > 80, await status(page));
        assert.match(
          String(await page.locator('.chart').first().getAttribute('aria-label')),
          /^Top-1, %\. test: last/,
        );
        await assertDownloads(page);
        await page.getByRole('button', { name: 'Try it here' }).press('Enter');
        await page
          .getByRole('group', { name: 'Images to classify' })
          .locator('input')
          .setInputFiles(images[1]![0]!);
        await page.waitForSelector('p[role=status]:has-text("down-0.png: ")');
        await assertLooksRight(page, 'trained');
        assert.deepEqual(faults, []);
        await page.close();
      },
      ISOLATION,
    ));
});

/** Starts a training of generated images, which goes on until it is stopped. */
async function startGenerated(page: Page, model: string): Promise<void> {
  await page.getByLabel('Train on').selectOption('generated');
  await page.getByLabel('Training images').fill('20');
  await page.getByLabel('Model').selectOption(model);
  await page.getByLabel('Epochs').fill('400');
  await page.getByLabel('Batch size').fill('10');
  await page.getByRole('button', { name: /^Start/ }).press('Enter');
}

/** The model of the training that the browser has kept. */
const KEPT_MODEL = `new Promise((resolve) => {
  const request = indexedDB.open('biasloss');
  request.onsuccess = () => {
    const kept = request.result.transaction('training').objectStore('training').get('job');
    kept.onsuccess = () => {
      request.result.close();
      resolve(kept.result.plan.model);
    };
  };
})`;

/** Runs `body` with two tabs of one browser. */
function withTwoTabs(body: (first: Page, second: Page) => Promise<void>, script = ''): Promise<void> {
  return withServer(
    'dist/web',
    async (address) => {
      const context = await browser!.newContext();
      await context.addInitScript(script);
      const faults: string[] = [];
      const open = async (): Promise<Page> => {
        const page = await context.newPage();
        watchPage(page, address, faults);
        await page.goto(address);
        await page.waitForSelector('form');
        return page;
      };
      await body(await open(), await open());
      assert.deepEqual(faults, []);
      await context.close();
    },
    ISOLATION,
  );
}

const ELSEWHERE = 'p.progress:has-text("A training runs in another tab")';
const STOPPED = 'p.progress:has-text("Stopped in epoch")';

describe('a training in one of two tabs in Chromium', { skip: withoutChromium }, () => {
  it('is the only one, and can be resumed in either', () =>
    withTwoTabs(async (first, second) => {
      const button = (page: Page, name: RegExp) => page.getByRole('button', { name });
      await startGenerated(first, 'shufflenetv2-0.5');
      await second.waitForSelector(ELSEWHERE);
      await untilKept(first, 1);
      await second.reload();
      await second.waitForSelector(ELSEWHERE);
      assert.ok(await button(second, /^Start/).isDisabled());
      assert.ok(await button(second, /^Resume/).isDisabled());
      await button(first, /^Stop/).press('Enter');
      await second.waitForSelector(STOPPED);
      await button(second, /^Resume/).press('Enter');
      await first.waitForSelector(ELSEWHERE);
      const epochs = Number(await first.evaluate(KEPT_EPOCHS));
      await untilKept(second, epochs + 1);
      await button(second, /^Stop/).press('Enter');
      await first.waitForSelector(STOPPED);
    }));

  it('is not kept in place of a newer one where the browser has no locks', () =>
    withTwoTabs(async (first, second) => {
      await startGenerated(first, 'shufflenetv2-0.5');
      await untilKept(first, 1);
      await startGenerated(second, 'skipblocknet-0.5');
      await first.waitForSelector(
        'p:has-text("does not keep the training (it keeps the training of another")',
        {
          timeout: 60_000,
        },
      );
      await untilKept(second, 1);
      await second.getByRole('button', { name: 'Stop' }).press('Enter');
      await second.waitForSelector(STOPPED);
      await first.getByRole('button', { name: 'Stop' }).press('Enter');
      await first.waitForSelector(STOPPED);
      assert.equal(await first.evaluate(KEPT_MODEL), 'skipblocknet-0.5');
    }, 'delete Navigator.prototype.locks'));
});

/** Taps on the camera's button so many times at once. */
const QUICK_TAPS = (count: number): string => `
  for (let tap = 0; tap < ${count}; tap++)
    [...document.querySelectorAll('button')].find((each) => each.textContent === 'Take an image').click()`;

describe('the form of a training', { skip: withoutChromium }, () => {
  it('says in a sentence what is wrong', () =>
    withServer('dist/web', async (address) => {
      const { page, faults } = await openPage(browser!, address);
      const start = page.getByRole('button', { name: 'Start training' });
      await start.press('Enter');
      assert.equal(
        await page.getByRole('alert').textContent(),
        'class 1 needs two images or more: one to train on, one to test with.',
      );
      await fill(page, 1);
      await page.getByLabel('Name of the class').nth(1).fill(DIRECTIONS[0]);
      await start.press('Enter');
      assert.equal(await page.getByRole('alert').textContent(), `two classes are called ${DIRECTIONS[0]}.`);
      assert.deepEqual(faults, []);
      await page.close();
    }));

  it('takes an image for every tap, however quick', () =>
    withServer('dist/web', async (address) => {
      const { page, faults } = await openPage(browser!, address);
      await page.getByRole('button', { name: 'Use the camera' }).first().press('Enter');
      await page.locator('button:enabled:has-text("Take an image")').waitFor();
      await page.evaluate(QUICK_TAPS(5));
      await page.waitForSelector('span[role=status]:has-text("5 taken")');
      assert.equal(await page.locator('p[role=status]').first().textContent(), '5 images');
      // Images that are chosen while another is taken.
      await page.evaluate(QUICK_TAPS(1));
      await page.locator('fieldset.drop input').first().setInputFiles(images[0]!.slice(0, 2));
      await page.waitForSelector('span[role=status]:has-text("6 taken")');
      assert.equal(await page.locator('p[role=status]').first().textContent(), '8 images');
      assert.deepEqual(faults, []);
      await page.close();
    }));

  it('is accessible and fits, dark and light, on a desktop and a phone, with the camera', () =>
    withServer('dist/web', async (address) => {
      const { page, faults } = await openPage(browser!, address);
      await page.getByRole('button', { name: 'Use the camera' }).first().press('Enter');
      await page.locator('button:enabled:has-text("Take an image")').press('Enter');
      await page.waitForSelector('p[role=status]:has-text("1 image")');
      await assertLooksRight(page, 'train-form');
      assert.deepEqual(faults, []);
      await page.close();
    }));
});
