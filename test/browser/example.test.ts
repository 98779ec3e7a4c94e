/** The example of docs/browser.md, bundled and run as it stands. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { bundlePage } from './fixtures/bundle.js';
import { launchChromium, withoutChromium } from './fixtures/chromium.js';
import { withSite } from './fixtures/site.js';

const html = '<!doctype html><title>0%</title><body></body><script type="module" src="page.js"></script>';

/** What the example's page shows at its end. */
async function shown(example: string): Promise<string> {
  const browser = await launchChromium();
  let text = '';
  try {
    await withFolder(async (folder) => {
      const path = join(folder, 'page.js');
      writeFileSync(path, example);
      await withSite({ html, files: await bundlePage(path), isolated: true }, async (address) => {
        const page = await browser.newPage();
        const errors: string[] = [];
        page.on('pageerror', (error) => errors.push(error.message));
        await page.goto(address);
        for (const end = Date.now() + 240_000; text === '' && errors.length === 0 && Date.now() < end; ) {
          await page.waitForTimeout(200);
          text = ((await page.textContent('body')) ?? '').trim();
        }
        assert.deepEqual(errors, []);
      });
    });
  } finally {
    await browser.close();
  }
  return text;
}

describe('the example of docs/browser.md', { skip: withoutChromium }, () => {
  it('trains in the page to over 80%, classifies and makes a checkpoint', async () => {
    const example = /```js\n([\s\S]*?)```/.exec(readFileSync('docs/browser.md', 'utf8'))![1]!;
    const text = await shown(example);
    const [, top1, guesses, bytes] = /^(\d+)%; ([a-z,]+); (\d+) bytes$/.exec(text) ?? [];
    assert.ok(Number(top1) > 80, `the page shows ${text}`);
    assert.equal(guesses?.split(',').length, 3);
    assert.ok(Number(bytes) > 20_000, text);
  });
});
