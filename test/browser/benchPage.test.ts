/** `bench page` in a real browser, without peers. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { timePages } from '../../bench/page/run.js';
import { PEERS } from '../../bench/page/site.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { withoutChromium } from './fixtures/chromium.js';

it(
  'bench page trains net 1 in Chromium and in Node alike, and names the peers that are left out',
  {
    skip: withoutChromium,
  },
  () =>
    withFolder(async (folder) => {
      const told: string[] = [];
      const options = { nets: ['1'], threads: 2, rounds: 1, steps: 2, peers: folder } as const;
      const table = await timePages(options, (text) => told.push(text));
      assert.match(table, /^1 ours +\d.* 1 +\d/m);
      assert.match(table, /^1 ours in Node +\d/m);
      assert.match(table, /^ours: ONNX Runtime Web .* 2 threads/m);
      for (const { name, packages } of PEERS)
        assert.ok(
          told.some((text) => text.startsWith(`${name} is left out: `) && text.includes(packages[0]!)),
          told.join('\n'),
        );
    }),
);
