import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRange } from '../../src/data/remote/readRange.js';
import { RangeServer } from './support/rangeServer.js';
import { refused, served } from './support/servedShards.js';

test('a server that stalls: the rest is asked for, and at last it is said', async (t) => {
  const server = await RangeServer.start(t);
  const bytes = Buffer.from(Uint8Array.from({ length: 90_000 }, (_, i) => (i * i) >> 3));
  server.files.set('/plain', { bytes, etag: '"p"' });
  server.mischief = (request, response, call) => {
    if (call >= 2) return false;
    // Headers and a part of the body, then nothing.
    response.writeHead(206, {
      'content-range': `bytes ${request.start}-${request.end}/${bytes.length}`,
      etag: '"p"',
    });
    response.write(bytes.subarray(request.start, request.start + 20_000));
    return true;
  };
  const range = { url: `${server.url}/plain`, offset: 10_000, length: 70_000 };
  // Long enough for the first connection of a busy process: it counts as a stall otherwise, and 10,000 is asked for again.
  const read = await readRange(range, { retryDelayMs: 1, stallMs: 1000 });
  assert.deepEqual(read.bytes, bytes.subarray(10_000, 80_000));
  assert.deepEqual(
    server.requests.map(({ start }) => start),
    [10_000, 30_000, 50_000],
  );
  server.mischief = () => true;
  await refused(
    readRange(range, { attempts: 2, retryDelayMs: 1, stallMs: 50 }),
    /\/plain could not be read: nothing arrived for 0\.05 s \(tried 2 times\)$/,
  );
});

test('what permits reading is sent: for any server, or to Hugging Face’s alone', async (t) => {
  const { server } = await served(t, ['a.tar']);
  const names = ['BIASLOSS_DATA_AUTHORIZATION', 'HF_TOKEN', 'HF_ENDPOINT'] as const;
  const saved = names.map((name) => [name, process.env[name]] as const);
  t.after(() => {
    for (const [name, value] of saved)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  const sent = async (environment: Readonly<Record<string, string>>): Promise<string | undefined> => {
    for (const name of names) delete process.env[name];
    Object.assign(process.env, environment);
    await readRange({ url: `${server.url}/set/a.tar`, offset: 0, length: 1 });
    return server.requests.at(-1)!.authorization;
  };
  assert.equal(await sent({}), undefined);
  assert.equal(await sent({ HF_TOKEN: 'secret' }), undefined);
  assert.equal(await sent({ HF_TOKEN: 'secret', HF_ENDPOINT: server.url }), 'Bearer secret');
  assert.equal(await sent({ BIASLOSS_DATA_AUTHORIZATION: 'Basic eDp5' }), 'Basic eDp5');
});
