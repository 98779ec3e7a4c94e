/** The studio's panel of data, used as a person would. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { biasloss, eventsOf, SMALL } from '../cli/fixtures/process.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { assertLooksRight } from './fixtures/axe.js';
import { withoutChromium } from './fixtures/chromium.js';
import { FLAWS, writeImageFolder } from './fixtures/imageFolder.js';
import { type OpenStudio, withStudioPage } from './fixtures/studioPage.js';

/** Runs `body` with a studio that was started with a folder of images. */
function withData(images: number, body: (open: OpenStudio, data: string) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const data = await writeImageFolder(join(folder, 'tints'), images);
    await withStudioPage((open) => body(open, data), { data: [data] });
  });
}

/** Trains a run on a folder, without the files that cannot be used. */
async function train(runs: string, data: string, list: string): Promise<void> {
  const flags = SMALL.filter((flag) => !/^--(?:data|limit)/.test(flag));
  const own = ['--data=imagefolder', `--data-path=${data}`, `--exclude=${list}`, '--image-size=32'];
  const args = ['train', ...flags, ...own, '--epochs=1', '--no-report', `--run-dir=${join(runs, 'one')}`];
  const { code, stderr } = await biasloss(args);
  assert.equal(code, 0, stderr);
}

const tiles = (page: Page): Promise<string[]> =>
  page
    .locator('ol.tiles input')
    .evaluateAll((boxes) => boxes.map((box) => box.getAttribute('aria-label')!.replace('Leave out ', '')));

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
      await page.waitForSelector('p:has-text(" evaluated at ")', { timeout: 60_000 });
      const flags = ['--part=train', '--most=100', '--log-format=json'];
      const { code, stdout, stderr } = await biasloss(['inspect', join(runs, 'one'), ...flags]);
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
