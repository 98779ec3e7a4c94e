/** The folder of an exported page on servers as they are: which types they know, and what browsers and caches keep of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { createModel } from '../../src/models/registry.js';
import { exportGradCam } from '../../src/report/analysis/exportGradCam.js';
import { modelLabels } from '../../src/runs/modelLabels.js';
import { aboutModel } from '../../src/studio/modelAbout.js';
import { findPageSources, writeModelPage } from '../../src/studio/server/modelPage.js';
import { exportModelOnnx } from '../../src/train/exportWeights.js';
import { describeData } from '../../src/train/preprocessing.js';
import { formulaTensors } from '../support/models.js';
import { shownAnswers } from './fixtures/answers.js';
import { launchChromium, withoutChromium } from './fixtures/chromium.js';
import { openPage } from './fixtures/openPage.js';
import { drawPhotograph } from './fixtures/photographs.js';
import { FEW_TYPES, ISOLATION, withServer } from './fixtures/server.js';

/** Two birds and machines that have one name. */
const TWINS = ['crane', 'crane', 'ant'];

let folder = '';
let photograph = '';
let browser: Browser | undefined;

before(async () => {
  if (withoutChromium !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'biasloss-folder-'));
  photograph = await drawPhotograph(join(folder, 'photographs'), 0, 1);
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  if (folder !== '') rmSync(folder, { recursive: true });
});

/** Writes the page of a model, which differs with the names of its classes. @returns its folder */
async function writePage(name: string, classes: readonly string[]): Promise<string> {
  const model = createModel({ name: 'shufflenetv2', ratio: 0.5, classes: classes.length });
  const tensors = formulaTensors(model);
  const normalisation = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
  const size = { imageSize: 32, resizeSize: 32, interpolation: 'bilinear', exif: 'apply' } as const;
  const preprocessing = { ...normalisation, ...size };
  const data = describeData(classes, preprocessing);
  const options = { ...data, includePreprocessing: true };
  const out = join(folder, name);
  await writeModelPage(out, findPageSources(), {
    model: exportModelOnnx(model, tensors, options),
    heatModel: exportGradCam(model, tensors, options),
    labels: { ...modelLabels(classes, preprocessing, true), ...aboutModel(model, tensors, data) },
  });
  return out;
}

/** Classes that a page names for the photograph. */
async function namesOn(page: Page): Promise<string[]> {
  await page.waitForSelector('input[type=file]', { state: 'attached' });
  await page.setInputFiles('input[type=file]', photograph);
  const [answer] = await shownAnswers(page, 1);
  return answer!.classes.map(({ name }) => name).sort();
}

/** Pixels of the Grad-CAM that is shown. */
const PIXELS = `(() => {
  const canvas = document.querySelector('figure.heat canvas');
  return [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data].join();
})()`;

describe('the folder of an exported page', { skip: withoutChromium }, () => {
  it('works on a server that knows few types, with threads; two classes of one name have their own Grad-CAM', async () =>
    withServer(
      await writePage('twins', TWINS),
      async (address) => {
        const { page, faults } = await openPage(browser!, address);
        assert.deepEqual(await namesOn(page), [...TWINS].sort());
        const select = page.locator('select');
        const options = await select.locator('option').allTextContents();
        const seen = new Set<string>();
        for (const [index, name] of options.entries()) {
          if (name !== 'crane') continue;
          await select.selectOption({ index });
          await page.getByRole('img', { name: 'Where the model looks for crane' }).waitFor();
          seen.add(String(await page.evaluate(PIXELS)));
          await select.selectOption({ index: 0 });
          await page.locator('figure.heat').waitFor({ state: 'detached' });
        }
        assert.equal(seen.size, 2);
        assert.deepEqual(faults, []);
        await page.close();
      },
      ISOLATION,
      FEW_TYPES,
    ));
});

describe('the folder of an exported page that is replaced', { skip: withoutChromium }, () => {
  it('gives a new export to who has seen the one before, where the server has files kept for an hour', async () =>
    withServer(
      await writePage('page', ['ant', 'bee']),
      async (address) => {
        const { page, faults } = await openPage(browser!, address);
        assert.deepEqual(await namesOn(page), ['ant', 'bee']);
        await writePage('page', ['cat', 'dog', 'elk']);
        await page.goto(address);
        assert.deepEqual(await namesOn(page), ['cat', 'dog', 'elk']);
        assert.deepEqual(faults, []);
        await page.close();
      },
      { 'cache-control': 'max-age=3600' },
    ));

  it('fetches a model of another export anew, and refuses it if it stays that', async () => {
    const old = readFileSync(join(await writePage('old', ['ant', 'bee']), 'model.onnx'));
    const now = await writePage('now', ['cat', 'dog', 'elk']);
    await withServer(now, async (address) => {
      for (const times of [1, 2]) {
        const page = await browser!.newPage();
        let left = times;
        await page.route('**/model.onnx', (route) =>
          left-- > 0 ? route.fulfill({ body: old }) : route.continue(),
        );
        await page.goto(address);
        if (times === 1) assert.deepEqual(await namesOn(page), ['cat', 'dog', 'elk']);
        else
          assert.equal(
            await page.getByRole('alert').textContent(),
            'model.onnx is of another export than model.labels.json: reload the page, or copy the whole folder to the server again.',
          );
        await page.close();
      }
    });
  });
});
