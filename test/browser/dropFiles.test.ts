/** Files that are dragged into the studio's page from outside of the browser. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withoutChromium } from './fixtures/chromium.js';
import { dragFiles } from './fixtures/dragFiles.js';
import { drawPhotograph } from './fixtures/photographs.js';
import { withStudioPage } from './fixtures/studioPage.js';

/** Notes whether the page keeps the browser from opening what is dragged over it. */
const WATCH_DRAGS = `
  drags = [];
  addEventListener('dragover', (event) => drags.push(event.defaultPrevented + ' ' + event.dataTransfer.dropEffect));`;

describe('files that are dragged into the studio in Chromium', { skip: withoutChromium }, () => {
  it('are taken by the class that they are dropped on, images alone, and what is none is said', () =>
    withStudioPage(async ({ runs, open, faults }) => {
      const shots = join(runs, '..', 'shots');
      const files = await Promise.all([0, 1, 2].map((index) => drawPhotograph(shots, 0, index)));
      const others = ['notes.txt', 'photo.unknown'].map((name) => join(shots, name));
      for (const path of others) writeFileSync(path, 'no image');
      others.push(join(shots, 'folder'));
      mkdirSync(others.at(-1)!);
      const page = await open('train');
      const [first, second] = [0, 1].map((n) => page.locator('.card:has(fieldset.drop)').nth(n));
      const place = first!.locator('fieldset');
      await dragFiles(page, place, [...files, ...others], async () => {
        await page.waitForSelector('fieldset.over');
        assert.equal(await page.locator('fieldset.over').count(), 1, 'it shows where they would go');
      });
      await first!.locator('p:has-text("3 images")').waitFor();
      assert.equal(await page.locator('fieldset.over').count(), 0);
      assert.equal(
        await first!.getByRole('alert').textContent(),
        'left out: notes.txt, photo.unknown, folder (no images that this browser knows; of a folder, choose the images in it).',
      );
      assert.match((await second!.locator('p[role=status]').textContent())!, /^0 images/);
      await page.waitForSelector('.thumbnails img:nth-child(3)');
      await dragFiles(page, second!.locator('fieldset'), files.slice(0, 1));
      await second!.locator('p:has-text("1 image")').waitFor();
      assert.deepEqual(faults, []);
    }));

  it('do not replace the page where it has no place for them', () =>
    withStudioPage(async ({ runs, open, faults }) => {
      const file = await drawPhotograph(join(runs, '..', 'shots'), 0, 1);
      const page = await open('train');
      await page.waitForSelector('h1:has-text("Train here")');
      await page.evaluate(WATCH_DRAGS);
      await dragFiles(page, page.locator('h1'), [file]);
      await dragFiles(page, page.locator('header'), [file]);
      assert.deepEqual(await page.evaluate('[...new Set(drags)]'), ['true none']);
      assert.deepEqual(faults, []);
    }));
});
