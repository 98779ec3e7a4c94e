/** The studio's panel of data, used as a person would. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { biasloss } from '../cli/fixtures/process.js';
import { assertLooksRight } from './fixtures/axe.js';
import { withoutChromium } from './fixtures/chromium.js';
import { tiles, withData } from './fixtures/dataPanel.js';
import { FLAWS } from './fixtures/imageFolder.js';
import { withStudioPage } from './fixtures/studioPage.js';

/** Entries of the only list of a folder of runs. */
function entriesIn(runs: string): string[] {
  const list = readdirSync(runs).find((name) => name.startsWith('exclude-'));
  if (list === undefined) return [];
  const lines = readFileSync(join(runs, list), 'utf8').split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

describe('a folder of images in the studio in Chromium', { skip: withoutChromium }, () => {
  it('is shown by class, checked, and marked by keyboard, and training honours the marks', () =>
    withData(8, async ({ runs, open, faults }, data) => {
      const page = await open();
      await page.getByRole('link', { name: 'Data' }).press('Enter');
      await page.waitForSelector('p:has-text("26 images in 3 classes.")');
      await page.waitForSelector('ol.tiles li:nth-child(24) img');
      await page.getByRole('button', { name: 'green', exact: true }).press('Enter');
      await page.waitForSelector('p:has-text("9 images.")');
      assert.ok((await tiles(page)).every((image) => image.startsWith('green/')));
      await page.waitForSelector(
        `li:has([aria-label="Leave out ${FLAWS.damaged}"]):has-text("cannot be shown")`,
      );
      await page.getByRole('checkbox', { name: 'Leave out green/green-1.png' }).press('Space');
      await page.waitForSelector('p:has-text("1 image left out.")');
      assert.deepEqual(entriesIn(runs), ['green/green-1.png']);
      await page.getByRole('button', { name: 'Check the images' }).press('Enter');
      await page.waitForSelector('p:has-text("2 files cannot. Training would fail.")');
      assert.match(
        (await page.locator('ul.sentences').first().textContent())!,
        /old\.bmp is of an unsupported format, BMP/,
      );
      await page.getByRole('button', { name: 'Leave out 2 unusable files' }).press('Enter');
      await page.waitForSelector('p:has-text("3 images left out.")');
      await page.getByRole('checkbox', { name: 'Leave out green/green-1.png' }).press('Space');
      await page.waitForSelector('p:has-text("2 images left out.")');
      assert.deepEqual(entriesIn(runs).sort(), [FLAWS.foreign, FLAWS.damaged]);
      await page.getByRole('button', { name: 'Check again' }).press('Enter');
      await page.waitForSelector('p:has-text("Nothing would stop training.")');
      const list = join(runs, readdirSync(runs)[0]!);
      assert.match((await page.locator('section:has(#marked)').textContent())!, new RegExp(list));
      const checked = await biasloss(['check-data', data, '--exclude', list]);
      assert.equal(checked.code, 0, checked.stderr);
      await page.getByRole('button', { name: 'Train without them' }).press('Enter');
      const dialog = page.getByRole('dialog');
      assert.equal(await dialog.getByLabel('dataPath', { exact: true }).inputValue(), data);
      assert.equal(await dialog.getByLabel('exclude', { exact: true }).inputValue(), list);
      await page.keyboard.press('Escape');
      await assertLooksRight(page, 'studio-data');
      assert.deepEqual(
        faults.filter((fault) => !fault.includes('400')),
        [],
        'besides the damaged image',
      );
    }));
});

describe('the studio’s panel of data in Chromium', { skip: withoutChromium }, () => {
  it('needs the token, and says what it can show', () =>
    withStudioPage(async ({ studio, runs, open, faults }) => {
      const page = await open('data');
      await page.waitForSelector('p:has-text("No run was trained on a folder of images.")');
      const other = await page.context().browser()!.newPage();
      await other.goto(`${studio.address}#/data`);
      await other.waitForSelector('p:has-text("with its token")');
      assert.equal(await other.getByRole('alert').count(), 0);
      assert.ok(!existsSync(join(runs, 'exclude')));
      assert.deepEqual(faults, []);
    }));
});
