import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadCifar } from '../../src/data/cifar/cifar.js';
import { type DownloadSettings, download } from '../../src/data/download/download.js';
import { UserError } from '../../src/errors.js';
import { temporaryFolder } from './support/folder.js';
import { listening } from './support/localServer.js';

const CONTENT = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 3));
const MD5 = createHash('md5').update(CONTENT).digest('hex');

type Handler = (response: ServerResponse, range: number | undefined, call: number) => void;

/** A server on this machine; returns its address and the ranges that it was asked for. */
async function serve(
  t: TestContext,
  handler: Handler,
): Promise<{ url: string; ranges: (number | undefined)[] }> {
  const ranges: (number | undefined)[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    const range = match ? Number(match[1]) : undefined;
    ranges.push(range);
    handler(response, range, ranges.length - 1);
  });
  return { url: `${await listening(t, server)}/file.tar.gz`, ranges };
}

/** Sends what was asked for, or breaks off `stop` bytes into the file. */
function send(response: ServerResponse, range: number | undefined, stop = CONTENT.length): void {
  const start = range ?? 0;
  const headers = { 'content-length': CONTENT.length - start };
  if (range === undefined) response.writeHead(200, headers);
  else
    response.writeHead(206, {
      ...headers,
      'content-range': `bytes ${start}-${CONTENT.length - 1}/${CONTENT.length}`,
    });
  response.write(CONTENT.subarray(start, stop));
  if (stop === CONTENT.length) response.end();
  else setTimeout(() => response.destroy(), 20);
}

const fetchTo = (path: string, url: string, settings: DownloadSettings = {}, md5 = MD5): Promise<void> =>
  download(
    { url, path, checksum: { algorithm: 'md5', hex: md5 }, what: 'the official archive' },
    { retryDelayMs: 1, attempts: 3, ...settings },
  );

function target(t: TestContext): string {
  return join(temporaryFolder(t), 'new', 'file.tar.gz');
}

async function refused(promise: Promise<void>, ...patterns: RegExp[]): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    for (const pattern of patterns) assert.match(error.message, pattern);
    return true;
  });
}

test('a whole file arrives under its name, in a new folder, with progress', async (t) => {
  const { url } = await serve(t, (response, range) => send(response, range));
  const path = target(t);
  const progress: [number, number | undefined][] = [];
  await fetchTo(path, url, { onProgress: (received, total) => progress.push([received, total]) });
  assert.deepEqual(readFileSync(path), CONTENT);
  assert.equal(existsSync(`${path}.part`), false);
  assert.deepEqual(progress[0], [0, CONTENT.length]);
  assert.deepEqual(progress.at(-1), [CONTENT.length, CONTENT.length]);
});

test('a connection that breaks again and again goes on where it was, as long as bytes come', async (t) => {
  const { url, ranges } = await serve(t, (response, range, call) =>
    send(response, range, Math.min((call + 1) * 60_000, CONTENT.length)),
  );
  const path = target(t);
  await fetchTo(path, url, { attempts: 2 });
  assert.deepEqual(readFileSync(path), CONTENT);
  assert.deepEqual(ranges, [undefined, 60_000, 120_000, 180_000, 240_000]);
});

test('a part from an earlier process is gone on with', async (t) => {
  const { url, ranges } = await serve(t, (response, range, call) => {
    if (call === 0) send(response, range, 100_000);
    else if (call === 1) response.destroy();
    else send(response, range);
  });
  const path = target(t);
  await refused(
    fetchTo(path, url, { attempts: 2 }),
    /could not be downloaded/,
    /100000 bytes are kept in .*\.part/,
  );
  assert.equal(existsSync(path), false);
  await fetchTo(path, url);
  assert.deepEqual(readFileSync(path), CONTENT);
  assert.deepEqual(ranges, [undefined, 100_000, 100_000]);
});

test('a file that several want at the same time is downloaded once', async (t) => {
  const { url, ranges } = await serve(t, (response, range) => setTimeout(() => send(response, range), 200));
  const path = target(t);
  await Promise.all(Array.from({ length: 3 }, () => fetchTo(path, url)));
  assert.deepEqual(readFileSync(path), CONTENT);
  assert.equal(ranges.length, 1);
  assert.deepEqual(readdirSync(dirname(path)), ['file.tar.gz']);
});

test('a server that ignores ranges sends all again', async (t) => {
  const { url, ranges } = await serve(t, (response, _, call) =>
    send(response, undefined, call === 0 ? 1000 : undefined),
  );
  const path = target(t);
  await fetchTo(path, url);
  assert.deepEqual(readFileSync(path), CONTENT);
  assert.deepEqual(ranges, [undefined, 1000]);
});

test('a part that belongs to another file is dropped, and all is fetched', async (t) => {
  const { url, ranges } = await serve(t, (response, range) => send(response, range));
  const path = join(temporaryFolder(t), 'file.tar.gz');
  writeFileSync(`${path}.part`, Buffer.alloc(5000));
  await fetchTo(path, url);
  assert.deepEqual(readFileSync(path), CONTENT);
  assert.deepEqual(ranges, [5000, undefined]);
});

test('a part longer than the file: the server answers 416, and all is fetched', async (t) => {
  const { url } = await serve(t, (response, range) => {
    if (range === undefined) send(response, range);
    else response.writeHead(416, { 'content-range': `bytes */${CONTENT.length}` }).end();
  });
  const path = join(temporaryFolder(t), 'file.tar.gz');
  writeFileSync(`${path}.part`, Buffer.alloc(400_000));
  await fetchTo(path, url);
  assert.deepEqual(readFileSync(path), CONTENT);
});

test('a wrong MD5 names both, and leaves nothing behind', async (t) => {
  const { url, ranges } = await serve(t, (response, range) => send(response, range));
  const path = target(t);
  await refused(fetchTo(path, url, {}, '0'.repeat(32)), /expected the MD5 0{32}/, new RegExp(`found ${MD5}`));
  assert.equal(existsSync(path) || existsSync(`${path}.part`), false);
  assert.equal(ranges.length, 1);
});

test('refusals: 404 at once, 503 after some tries, nobody there, silence', async (t) => {
  const missing = await serve(t, (response) => response.writeHead(404).end());
  await refused(
    fetchTo(target(t), missing.url),
    /file\.tar\.gz could not be downloaded: the server answered 404/,
  );
  assert.equal(missing.ranges.length, 1);
  const busy = await serve(t, (response, range, call) => {
    if (call < 2) response.writeHead(503).end();
    else send(response, range);
  });
  await fetchTo(target(t), busy.url);
  assert.equal(busy.ranges.length, 3);
  await refused(fetchTo(target(t), 'http://127.0.0.1:1/x'), /127\.0\.0\.1:1\/x could not be downloaded: \S/);
  const silent = await serve(t, () => undefined);
  await refused(fetchTo(target(t), silent.url, { stallMs: 50, attempts: 2 }), /nothing arrived for 0\.05 s/);
  assert.equal(silent.ranges.length, 2);
});

test('a folder that cannot be made is said', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'file'), '');
  await refused(
    fetchTo(join(folder, 'file', 'x.tar.gz'), 'http://127.0.0.1:1/'),
    /folder .* cannot be created/,
  );
});

test('an address that is none is refused in a sentence', async (t) => {
  for (const origin of ['foo', 'file:///cifar/', '']) {
    await assert.rejects(
      loadCifar('cifar100', temporaryFolder(t), { download: { origin } }),
      /^UserError: CIFAR's archives \(BIASLOSS_CIFAR_URL\) must be at a URL .* https:\/\/, not "[^"]*"$/,
    );
  }
});

test('CIFAR is asked for by its name only where it is missing, and what comes is checked', async (t) => {
  const { url, ranges } = await serve(t, (response, range) => send(response, range));
  const folder = temporaryFolder(t);
  const options = { download: { origin: new URL('.', url).href, retryDelayMs: 1 } };
  await assert.rejects(
    loadCifar('cifar100', folder, options),
    /cifar-100-binary\.tar\.gz is not the official archive/,
  );
  assert.equal(ranges.length, 1);
  writeFileSync(join(folder, 'train.bin'), '');
  await assert.rejects(loadCifar('cifar100', folder, options), /test\.bin is missing/);
  assert.equal(ranges.length, 1);
});
