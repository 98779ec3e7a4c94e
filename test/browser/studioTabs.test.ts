/** Tabs with the studio: what they show while it refuses, after it was started again, beside other tabs, and for a long time. */
import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Page } from 'playwright-core';
import { int8Command, trainCommands } from '../../src/cli/trainCommands.js';
import { SITE_FOLDER } from '../../src/studio/server/siteFiles.js';
import { type Studio, startStudio } from '../../src/studio/server/studio.js';
import { tell, writeRun } from '../studio/fixtures/studio.js';
import { withoutChromium } from './fixtures/chromium.js';
import { withStudioPage } from './fixtures/studioPage.js';

/** Lets a tab be hidden, or seen again, as a browser does with those behind another. */
const HIDE = (isHidden: boolean): string => `
  Object.defineProperty(document, 'visibilityState', { value: '${isHidden ? 'hidden' : 'visible'}', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
`;

describe('a page of the studio in Chromium, while it is refused', { skip: withoutChromium }, () => {
  it('says so, does not take the list for empty, and tries again', () =>
    withStudioPage(async ({ studio, runs, open }) => {
      writeRun(runs, 'one', { epochs: 1 });
      const page = await open();
      await page.waitForSelector('tbody tr');
      await page.route('**/api/events*', (route) =>
        route.fulfill({ status: 503, json: { error: 'too many' } }),
      );
      for (const panel of ['runs', 'try', 'loss']) {
        await page.goto(`${studio.address}?${panel}#/${panel}`);
        await page.waitForSelector('p[role=status]:has-text("does not answer")');
        assert.equal(
          await page.locator('p:has-text("There are no runs"), p:has-text("No run has")').count(),
          0,
        );
      }
      await page.getByRole('link', { name: 'Runs', exact: true }).click();
      await page.waitForSelector('p[role=status]:has-text("does not answer")');
      await page.unroute('**/api/events*');
      await page.waitForSelector('tbody tr', { timeout: 10_000 });
      assert.equal(await page.locator('p:has-text("does not answer")').count(), 0);
    }));
});

describe('many tabs with the studio in Chromium', { skip: withoutChromium }, () => {
  it('are all loaded, and follow the runs when they are seen', () =>
    withStudioPage(async ({ studio, runs, open, faults }) => {
      writeRun(runs, 'one', { epochs: 1 });
      // A page on its own has a context that takes no other.
      const context = await (await open()).context().browser()!.newContext();
      const tabs: Page[] = [];
      // Browsers have six connections to a server.
      while (tabs.length < 8) {
        await tabs.at(-1)?.evaluate(HIDE(true));
        const tab = await context.newPage();
        await tab.goto(studio.address);
        await tab.waitForSelector('tbody tr', { timeout: 10_000 });
        tabs.push(tab);
      }
      const first = tabs[0]!;
      writeRun(runs, 'two', { epochs: 1 });
      await tabs.at(-1)!.waitForSelector('tbody tr:has-text("two")');
      assert.equal(await first.locator('tbody tr:has-text("two")').count(), 0);
      await first.evaluate(HIDE(false));
      await first.waitForSelector('tbody tr:has-text("two")');
      assert.deepEqual(faults, []);
    }));
});

describe('failures of trainings in the studio in Chromium', { skip: withoutChromium }, () => {
  it('are shown until they are dismissed, and those after a new start of the studio, too', () =>
    withStudioPage(async ({ studio, runs, open }) => {
      writeRun(runs, 'one', { epochs: 1 });
      const page = await open();
      const fail = (at: Studio, name: string) =>
        tell(at, '/api/runs/start', { name, settings: { data: 'imagefolder', dataPath: '/nowhere' } });
      await fail(studio, 'first');
      await page.waitForSelector('.notice:has-text("first: ")', { timeout: 60_000 });
      await page.getByRole('button', { name: 'Dismiss' }).press('Enter');
      for (const again of [() => page.getByRole('link', { name: 'Data' }).click(), () => page.reload()]) {
        await again();
        await page.getByRole('link', { name: 'Runs', exact: true }).click();
        await page.waitForSelector('tbody tr');
        assert.equal(await page.locator('.notice').count(), 0);
      }
      await studio.close();
      await page.waitForSelector('p[role=status]:has-text("does not answer")');
      const next = await startStudio({
        ...{ runs, port: Number(new URL(studio.address).port), site: SITE_FOLDER },
        ...{ train: trainCommands, int8: int8Command },
      });
      try {
        await fail(next, 'second');
        await page.waitForSelector('.notice:has-text("second: ")', { timeout: 60_000 });
        assert.equal(await page.locator('p:has-text("does not answer")').count(), 0);
      } finally {
        await next.close();
      }
    }));
});

describe('a run’s model that is shown without having been chosen', { skip: withoutChromium }, () => {
  it('stays when a newer run has one, in either panel', () =>
    withStudioPage(async ({ runs, open }) => {
      writeRun(runs, 'first', { epochs: 1 });
      for (const panel of ['try', 'loss']) {
        const page = await open(panel);
        const choice = page.locator('main select').first();
        await choice.waitFor();
        const before = await choice.inputValue();
        writeRun(runs, `newer-${panel}`, { epochs: 1 });
        await choice.locator(`option:text-is("newer-${panel}")`).waitFor({ state: 'attached' });
        assert.equal(await choice.inputValue(), before);
        await page.close();
      }
    }));
});

describe('times in the studio in Chromium', { skip: withoutChromium }, () => {
  it('are those of who looks at them', () =>
    withStudioPage(async ({ runs, open }) => {
      const path = join(writeRun(runs, 'one', { epochs: 1 }), 'config.json');
      const started = new Date('2026-11-28T20:03:00Z');
      utimesSync(path, started, started);
      const page = await open('', { timezoneId: 'Asia/Tokyo' });
      assert.equal(await page.textContent('tbody time'), '2026-11-29 05:03');
    }));
});
