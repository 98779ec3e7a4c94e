/** The studio's panel that explains the bias loss, used as a person would. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { biasloss, SMALL } from '../cli/fixtures/process.js';
import { writeRun } from '../studio/fixtures/studio.js';
import { axeViolations, LOOKS, overflowOf } from './fixtures/axe.js';
import { withoutChromium } from './fixtures/chromium.js';
import { withStudioPage } from './fixtures/studioPage.js';

async function train(runs: string, name: string): Promise<void> {
  const flags = ['--epochs=1', '--no-report', `--run-dir=${join(runs, name)}`];
  const { code, stderr } = await biasloss(['train', ...SMALL, ...flags]);
  assert.equal(code, 0, stderr);
}

const chart = (page: Page): Promise<string> =>
  page
    .locator('.chart')
    .getAttribute('aria-label')
    .then((label) => String(label));

const weightsOf = async (page: Page): Promise<number[]> =>
  (await page.locator('ol.images strong').allTextContents()).map((text) => Number(text.replace('z = ', '')));

describe('the bias loss in the studio in Chromium', { skip: withoutChromium }, () => {
  it('is explained over a run’s images, whose weights follow the sliders by keyboard', () =>
    withStudioPage(async ({ runs, open, faults }) => {
      await train(runs, 'one');
      writeRun(runs, 'other', { epochs: 2, settings: { loss: 'ce' } });
      const page = await open();
      page.setDefaultTimeout(120_000);
      await page.getByRole('link', { name: 'Bias loss' }).press('Enter');
      await page.waitForSelector('ol.images li:nth-child(32)', { timeout: 120_000 });
      assert.equal(await page.getByRole('combobox', { name: 'Run' }).inputValue(), 'one', 'bias loss first');
      const before = await weightsOf(page);
      assert.deepEqual(
        before,
        before.toSorted((a, b) => a - b),
      );
      assert.ok(before[0]! >= 0.7 && before.at(-1)! > before[0]! && before.at(-1)! >= 1.049, String(before));
      const shown = await page.locator('ol.images li span:has-text("v = ")').allTextContents();
      assert.ok(new Set(shown).size > 16, 'variances have the digits that they differ by');
      assert.match(await chart(page), /^Weight z\(v\)\. z\(v\): last 1\.\d+, least 0\.7, /);
      await page.getByRole('slider', { name: 'β' }).press('Home');
      for (const weight of (await weightsOf(page)).entries())
        assert.ok(Math.abs(weight[1] - before[weight[0]]! - 0.3) < 0.002, String(weight));
      await page.getByRole('combobox', { name: 'm', exact: true }).selectOption('local');
      assert.equal((await weightsOf(page))[0], 1, 'u is 0 for the lowest of the batch');
      await page.getByRole('slider', { name: 'α' }).press('ArrowRight');
      assert.equal((await weightsOf(page)).at(-1), Number(Math.exp(0.35).toFixed(3)));
      await page.getByRole('button', { name: 'The run’s settings' }).press('Enter');
      assert.deepEqual(await weightsOf(page), before);
      await page.getByRole('combobox', { name: 'Run' }).selectOption('other');
      assert.match(String(await page.getByRole('alert').textContent()), /has no checkpoint yet\.$/);
      assert.deepEqual(
        faults.filter((fault) => !fault.includes('400')),
        [],
        'besides the refusal',
      );
    }));

  it('is accessible and fits, and says that it needs the token', () =>
    withStudioPage(async ({ studio, runs, open, faults }) => {
      await train(runs, 'one');
      for (const [width, colorScheme] of LOOKS) {
        const look = `${width} pixels, ${colorScheme}`;
        const page = await open('loss/one', { viewport: { width, height: 850 }, colorScheme });
        await page.waitForSelector('ol.images li', { timeout: 120_000 });
        assert.deepEqual(await axeViolations(page), [], look);
        const overflow = await overflowOf(page);
        assert.ok(overflow <= 0, `${look}: ${overflow} pixels too wide`);
        await page.close();
      }
      const other = await (await open()).context().browser()!.newPage();
      await other.goto(`${studio.address}#/loss/one`);
      await other.waitForSelector('p:has-text("with its token")');
      assert.equal(await other.getByRole('alert').count(), 0);
      assert.deepEqual(faults, []);
    }));
});
