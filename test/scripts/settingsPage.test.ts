import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { settingsPage } from '../../scripts/settingsPage.js';
import { SETTING_KEYS } from '../../src/runs/settings/table.js';

test('docs/settings.md is what the settings’ table says: npm run docs:settings', () => {
  const page = readFileSync(new URL('../../../docs/settings.md', import.meta.url), 'utf8');
  assert.equal(page, settingsPage());
  for (const key of SETTING_KEYS) assert.ok(page.includes(`| \`${key}\`<br>`), key);
});
