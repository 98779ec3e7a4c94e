/** The studio's panel of data in the order of what a run's model says, used as a person would. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { biasloss, eventsOf, SMALL } from '../cli/fixtures/process.js';
import { assertLooksRight } from './fixtures/axe.js';
import { withoutChromium } from './fixtures/chromium.js';
import { tiles, withData } from './fixtures/dataPanel.js';

/** Trains a run on a folder, without the files that cannot be used. */
async function train(runs: string, data: string, list: string): Promise<void> {
  const flags = SMALL.filter((flag) => !/^--(?:data|limit)/.test(flag));
  const own = ['--data=imagefolder', `--data-path=${data}`, `--exclude=${list}`, '--image-size=32'];
  const args = ['train', ...flags, ...own, '--epochs=1', '--no-report', `--run-dir=${join(runs, 'one')}`];
  const { code, stderr } = await biasloss(args);
  assert.equal(code, 0, stderr);
}

describe('images in the order of what a run says in Chromium', { skip: withoutChromium }, () => {
  it('are those that inspect finds', () =>
    withData(24, async ({ runs, open, faults }, data) => {
      const page = await open();
      await page.getByRole('link', { name: 'Data' }).press('Enter');
      await page.getByRole('combobox', { name: 'Order' }).selectOption('loss');
      await page.waitForSelector('p:has-text("No run with a model was trained on this folder yet.")');
      await page.getByRole('button', { name: 'Check the images' }).press('Enter');
      await page.getByRole('button', { name: 'Leave out 2 unusable files' }).press('Enter');
      await page.waitForSelector('p:has-text("2 images left out.")');
      await train(runs, data, join(runs, readdirSync(runs)[0]!));
      await page.reload();
      await page.getByRole('button', { name: 'Later' }).last().press('Enter');
      await page.waitForSelector('p:has-text("61 to 74 of 74 images.")');
      await page.waitForSelector(`ol.tiles li:nth-child(14):last-child img`);
      assert.ok((await tiles(page)).every((image) => image.startsWith('red/')));
      await page.keyboard.press('Shift+Tab');
      assert.equal(await page.evaluate('document.activeElement.textContent'), 'Earlier', 'the focus stays');
      await page.getByRole('combobox', { name: 'Order' }).selectOption('loss');
      await page.getByRole('combobox', { name: 'Images that it was' }).selectOption('train');
      await page.getByRole('button', { name: 'Evaluate' }).press('Enter');
      const flags = ['--part=train', '--most=100', '--log-format=json'];
      const [{ code, stdout, stderr }] = await Promise.all([
        biasloss(['inspect', join(runs, 'one'), ...flags]),
        page.waitForSelector('p:has-text(" evaluated at ")', { timeout: 60_000 }),
      ]);
      assert.equal(code, 0, stderr);
      const [found] = eventsOf(stdout);
      const named = (key: string): string[] => (found![key] as { image: string }[]).map(({ image }) => image);
      assert.deepEqual(await tiles(page), named('greatest_loss').slice(0, 60));
      await assertLooksRight(page, 'studio-data-loss');
      await page.getByRole('combobox', { name: 'Order' }).selectOption('variance');
      assert.deepEqual(await tiles(page), named('least_variance').slice(0, 60));
      await page.getByRole('link', { name: 'Runs' }).press('Enter');
      await page.waitForSelector('h1:has-text("Runs")');
      await page.getByRole('link', { name: 'Data' }).press('Enter');
      await page.waitForSelector('p:has-text(" evaluated at ")');
      assert.deepEqual(await tiles(page), named('least_variance').slice(0, 60), 'kept when it was left');
      await page.getByRole('combobox', { name: 'Images that it was' }).selectOption('val');
      await page.getByRole('button', { name: 'Evaluate', exact: true }).waitFor();
      await page.getByRole('combobox', { name: 'Images that it was' }).selectOption('train');
      await page.getByRole('button', { name: 'Evaluate again' }).waitFor();
      assert.deepEqual(
        faults.filter((fault) => !fault.includes('400')),
        [],
        'besides the damaged image',
      );
    }));
});
