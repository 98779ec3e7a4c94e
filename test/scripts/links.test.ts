import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFinding } from '../../scripts/structure/finding.js';
import { checkLinks } from '../../scripts/structure/links.js';

/** Findings of made-up pages beside a file `docs/a.svg`. */
function findings(pages: Readonly<Record<string, string>>): string[] {
  const found = checkLinks(new Map(Object.entries(pages)), (path) => path === 'docs/a.svg');
  return found.map(formatFinding);
}

test('links to headings, files and other hosts are left alone', () => {
  const pages = {
    'README.md':
      '[a](docs/page.md) [b](docs/page.md#the-f1-of-a-class) ![c](docs/a.svg) [d](https://host/x#y)',
    'docs/page.md':
      '# Page\n## The F1 of `a class`\n## Twice\n## Twice\n[e](#twice-1) [f](../README.md) `[g](none)`\n```\n# no\n[h](x)\n```\n',
  };
  assert.deepEqual(findings(pages), []);
});

test('a link to a heading or a file that is not there is refused', () => {
  const pages = {
    'README.md': 'x\n[a](docs/page.md#no)',
    'docs/page.md': '```\n# No\n```\n[b](none.md) [c](#no)',
  };
  assert.deepEqual(findings(pages), [
    'README.md:2: docs/page.md has no heading #no',
    'docs/page.md:4: there is no none.md',
    'docs/page.md:4: docs/page.md has no heading #no',
  ]);
});
