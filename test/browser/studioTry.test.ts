/** The studio's panels that try a run's model and train in the page, used as a person would. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { biasloss, SMALL } from '../cli/fixtures/process.js';
import { assertSameAnswers, predicted, shownAnswers } from './fixtures/answers.js';
import { assertLooksRight } from './fixtures/axe.js';
import { withoutChromium } from './fixtures/chromium.js';
import { dragFiles } from './fixtures/dragFiles.js';
import { drawPhotograph, TINTS } from './fixtures/photographs.js';
import { withStudioPage } from './fixtures/studioPage.js';

async function train(runs: string): Promise<void> {
  const flags = ['--epochs=1', '--no-report', `--run-dir=${join(runs, 'one')}`];
  const { code, stderr } = await biasloss(['train', ...SMALL, ...flags]);
  assert.equal(code, 0, stderr);
}

describe('a run’s model in the studio in Chromium', { skip: withoutChromium }, () => {
  it('answers as predict does, shows where it looks, takes images of the camera, and is accessible', () =>
    withStudioPage(async ({ runs, open, faults }) => {
      await train(runs);
      const files = await Promise.all(
        TINTS.map((_, label) => drawPhotograph(join(runs, '..', 'shots'), label, 3)),
      );
      const expected = predicted(runs, 'one/best.safetensors', files);
      const page = await open();
      await page.getByRole('link', { name: 'Try it' }).press('Enter');
      await page.waitForSelector('dd:has-text("shufflenetv2-0.5")', { timeout: 60_000 });
      await dragFiles(page, page.getByRole('group', { name: 'Images to classify' }), files);
      const shown = await shownAnswers(page, files.length);
      assertSameAnswers(shown, await expected);
      await page.getByLabel('Where the model looks').first().selectOption({ index: 2 });
      await page.getByRole('img', { name: /^Where the model looks for / }).waitFor({ timeout: 30_000 });
      await page.getByRole('button', { name: 'Use the camera' }).press('Enter');
      await page.locator('button:enabled:has-text("Take an image")').press('Enter');
      await page.waitForSelector('h2:has-text("camera 1.png")');
      await assertLooksRight(page, 'studio-try');
      await page.getByRole('button', { name: 'Measure' }).press('Enter');
      await page.waitForSelector('p:has-text("the run has no best.int8.onnx")', { timeout: 60_000 });
      await page.getByRole('button', { name: 'Export int8' }).press('Enter');
      await page.waitForSelector('pre:has-text("calibrated on 64 images")', { timeout: 120_000 });
      await page.waitForSelector('tr:has-text("int8") td:has-text("ms")', { timeout: 60_000 });
      const [f32, f16, int8] = (await page.locator('table.sizes td:nth-child(2)').allTextContents()).map(
        (text) => Number(text.replace(' MB', '')),
      );
      assert.ok(int8! < f16! && f16! < f32!, `${int8}, ${f16} and ${f32} MB`);
      const written = statSync(join(runs, 'one', 'best.int8.onnx')).size;
      assert.ok(Math.abs(int8! - written / 1e6) < 0.01, `${int8} MB of ${written} bytes`);
      await assertLooksRight(page, 'studio-sizes');
      await page.getByRole('link', { name: 'Train here' }).press('Enter');
      await page.waitForSelector('h1:has-text("Train here")');
      await assertLooksRight(page, 'studio-train');
      assert.deepEqual(
        faults.filter((fault) => !fault.includes('400')),
        [],
        'besides the model that was not there',
      );
    }));
});
