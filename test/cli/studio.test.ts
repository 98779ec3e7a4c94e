import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { SITE_FOLDER } from '../../src/studio/server/siteFiles.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss } from './fixtures/process.js';

const isBuilt = existsSync(join(SITE_FOLDER, 'index.html'));
const RUN = {
  ...{ data: 'synthetic', ratio: 0.5, batchSize: 16, limitTrain: 64, limitTest: 32 },
  ...{ engine: 'onnx', threads: 1, epochs: 500 },
};

describe('studio', () => {
  it('names what is wrong with its flags', async () => {
    for (const port of ['-1', '65536', '80.5', 'http']) {
      const { code, stderr } = await biasloss(['studio', '--port', port]);
      assert.equal(code, 2, port);
      assert.match(stderr, /'--port <n>' argument '.*' is invalid\. It must be a/);
    }
    const { code, stderr } = await biasloss(['studio', '--data', 'no/such']);
    assert.equal(code, 2);
    assert.equal(stderr, 'error: --data must be a folder of images, and no/such is not a folder\n');
  });

  it('says in a checkout how to build its page', { skip: isBuilt && 'the page is built' }, async () => {
    const { code, stderr } = await biasloss(['studio', '--port=0']);
    assert.equal(code, 1);
    assert.equal(
      stderr,
      "error: the studio's page is not built: run npm run build:web in the checkout of biasloss\n",
    );
  });

  it(
    'prints its address, and stops its runs on a signal',
    { skip: !isBuilt && 'npm run build:web has not run' },
    () =>
      withFolder(async (cwd) => {
        const log = join(cwd, 'runs', 'mine', 'log.jsonl');
        const ended = await biasloss(['studio', '--port=0', '--host=0.0.0.0'], {
          cwd,
          onOutput: (stdout, child) => {
            const [, port, token] = /^studio: http:\/\/0\.0\.0\.0:(\d+)\/#token=(.+)\n$/.exec(stdout)!;
            void startAndStop(`http://127.0.0.1:${port}/`, token!, log).finally(() => child.kill('SIGINT'));
          },
        });
        assert.equal(ended.code, 0, ended.stderr);
        assert.match(ended.stderr, /^everyone in the network can look at the runs;/);
        assert.match(ended.stderr, /SIGINT: closing the studio/);
        assert.match(ended.stderr, /stopped, to be resumed: mine\n$/);
        assert.match(readFileSync(log, 'utf8'), /"event":"interrupted"/);
      }),
  );
});

/** Starts a run in a studio, and waits until it trains. */
async function startAndStop(address: string, token: string, log: string): Promise<void> {
  const answer = await fetch(`${address}api/runs/start`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ name: 'mine', settings: RUN }),
  });
  assert.equal(answer.status, 201);
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    if (existsSync(log) && readFileSync(log, 'utf8').includes('"event":"epoch"')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
