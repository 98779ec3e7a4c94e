import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { checkData } from '../../src/data/check/checkData.js';
import { Loader } from '../../src/data/loader.js';
import { takeInventory } from '../../src/data/parts/inventory.js';
import type { RemoteOptions } from '../../src/data/webdataset/openShards.js';
import { findShardParts, findShards, isWebDataset } from '../../src/data/webdataset/shards.js';
import { webDataset } from '../../src/data/webdataset/webDataset.js';
import { loadWebDatasets } from '../../src/data/webdataset/webDatasetPair.js';
import { tar } from './support/cifar.js';
import { temporaryFolder } from './support/folder.js';
import { RangeServer, sendRange } from './support/rangeServer.js';
import { refused, served } from './support/servedShards.js';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** Does not wait long, and keeps indices in a folder of its own. */
const hasty = (t: TestContext, options: Partial<RemoteOptions> = {}): RemoteOptions => ({
  indexFolder: temporaryFolder(t),
  patience: { retryDelayMs: 1, stallMs: 200 },
  ...options,
});

/** All images of an epoch of evaluation. */
async function imagesOf(dataset: Awaited<ReturnType<typeof webDataset>>): Promise<Float32Array[]> {
  const loader = new Loader(dataset, { batchSize: 4, imageSize: 16 });
  try {
    const batches: Float32Array[] = [];
    for await (const { images } of loader.epoch(0)) batches.push(images.slice());
    return batches;
  } finally {
    await loader.close();
  }
}

test('archives at URLs give the images, labels and parts of the same archives on disk', async (t) => {
  const { server, folder } = await served(t, ['train-0.tar', 'train-1.tar', 'val-0.tar']);
  const remote = hasty(t);
  for (const pattern of ['{train-{0..1},val-0}.tar', 'train-{0..1}.tar']) {
    const options = { valShare: 0.4, splitSeed: 3 };
    const near = await loadWebDatasets(join(folder, 'set', pattern), options);
    const far = await loadWebDatasets(`${server.url}/set/${pattern}`, { ...options, remote });
    assert.ok(near.train.count > 0 && near.test.count > 0);
    assert.deepEqual(takeInventory(far), takeInventory(near));
    for (const part of ['train', 'test'] as const) {
      assert.deepEqual(far[part].labels, near[part].labels);
      assert.deepEqual(far[part].classes, near[part].classes);
      if (pattern.includes('val')) assert.deepEqual(await imagesOf(far[part]), await imagesOf(near[part]));
    }
  }
  const [near, far] = [
    await checkData(join(folder, 'set', 'train-{0..1}.tar')),
    await checkData(`${server.url}/set/train-{0..1}.tar`, { remote }),
  ];
  const plain = (check: typeof near): string => JSON.stringify(check).replaceAll(folder, server.url);
  assert.equal(plain(far), plain(near));
});

test('an archive is indexed once: another start asks for a byte', async (t) => {
  const { server } = await served(t, ['a.tar', 'b.tar']);
  const notices: string[] = [];
  const progress: string[] = [];
  const remote = hasty(t, {
    onNotice: (notice) => notices.push(notice),
    onIndexed: (done, total) => progress.push(`${done}/${total}`),
  });
  const urls = findShards(`${server.url}/set/{a,b}.tar?key=secret`);
  const open = () => webDataset(urls, { remote });
  const first = await open();
  assert.match(
    notices.join(),
    /^indexing 2 archives \(http:\/\/127\S+\/set\/a\.tar and so on\); the index is kept in/,
  );
  assert.equal(progress.at(-1), '2/2');
  const before = server.requests.length;
  const second = await open();
  assert.deepEqual(second.labels, first.labels);
  assert.deepEqual(second.source(7), first.source(7));
  assert.deepEqual(
    server.requests.slice(before).map(({ start, end }) => [start, end]),
    [
      [0, 0],
      [0, 0],
    ],
  );
  assert.equal(notices.length, 1);
});

test('indices that are damaged, of archives that have changed, or that cannot be kept are made again', async (t) => {
  const { server } = await served(t, ['a.tar', 'b.tar']);
  const notices: string[] = [];
  const remote = hasty(t, { onNotice: (notice) => notices.push(notice) });
  const urls = findShards(`${server.url}/set/{a,b}.tar`);
  const open = () => webDataset(urls, { remote });
  const first = await open();
  for (const name of readdirSync(remote.indexFolder!)) {
    const path = join(remote.indexFolder!, name);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"samples":\[\[/, '"samples":[[0,'));
  }
  assert.deepEqual((await open()).labels, first.labels);
  assert.equal(notices.length, 2);
  server.files.set('/set/b.tar', {
    bytes: await tar({ 'x.png': text('p'), 'x.cls': text('4') }),
    etag: '"new"',
  });
  assert.deepEqual([...(await open()).labels], [...first.labels.slice(0, 6), 4]);
  const nowhere = {
    ...remote,
    indexFolder: join(remote.indexFolder!, readdirSync(remote.indexFolder!)[0]!, 'x'),
  };
  assert.equal((await webDataset(urls, { remote: nowhere })).count, 7);
  assert.match(notices.at(-1)!, /the index of archives cannot be kept in/);
});

test('an index of an earlier version, which took masks for photographs, is made again', async (t) => {
  const server = await RangeServer.start(t);
  const files = { '0.jpg': text('p'), '0.cls': text('1'), '0.seg.png': text('mask') };
  server.files.set('/a.tar', { bytes: await tar(files), etag: '"a"' });
  const notices: string[] = [];
  const remote = hasty(t, { onNotice: (notice) => notices.push(notice) });
  const open = () => webDataset([`${server.url}/a.tar`], { remote });
  await open();
  const path = join(remote.indexFolder!, readdirSync(remote.indexFolder!)[0]!);
  const kept = readFileSync(path, 'utf8');
  writeFileSync(path, kept.replace('"layout":2', '"layout":1').replace('0.jpg', '0.seg.png'));
  assert.equal((await open()).source(0).member?.name, '0.jpg');
  assert.equal(notices.filter((notice) => /indexing .*a\.tar/.test(notice)).length, 2);
});

test('large contents are skipped, small ones read in few requests', async (t) => {
  const server = await RangeServer.start(t);
  const small: Record<string, Uint8Array> = {};
  for (let i = 0; i < 300; i++) {
    small[`${i}.jpg`] = new Uint8Array(3000).fill(i);
    small[`${i}.cls`] = text('1');
  }
  server.files.set('/small.tar', { bytes: await tar(small) });
  const large = {
    'a.jpg': new Uint8Array(9e6),
    'a.cls': text('0'),
    'b.jpg': new Uint8Array(9e6),
    'b.cls': text('1'),
  };
  server.files.set('/large.tar', { bytes: await tar(large) });
  const remote = hasty(t);
  assert.equal((await webDataset([`${server.url}/small.tar`], { remote })).count, 300);
  assert.ok(server.requests.length < 8, `${server.requests.length} requests`);
  const before = server.asked;
  assert.equal((await webDataset([`${server.url}/large.tar`], { remote })).count, 2);
  assert.ok(server.asked - before < 2e6, `${server.asked - before} of 18 million bytes`);
});

test('a server that fails and breaks off: the same index', async (t) => {
  const { server } = await served(t, ['a.tar', 'b.tar', 'c.tar']);
  const urls = findShards(`${server.url}/set/{a,b,c}.tar`);
  const expected = await webDataset(urls, { remote: hasty(t) });
  server.mischief = (request, response, call) => {
    const file = server.files.get(request.path)!;
    if (call % 4 === 0) response.writeHead(503).end();
    else if (call % 4 === 1) response.destroy();
    else if (call % 4 === 2) sendRange(response, file, request, 700);
    else return false;
    return true;
  };
  const found = await webDataset(urls, { remote: hasty(t) });
  assert.deepEqual(found.labels, expected.labels);
  for (let i = 0; i < found.count; i++) assert.deepEqual(found.source(i), expected.source(i));
});

test('the loader reads on through failures, and refuses an archive that has changed', async (t) => {
  const { server } = await served(t, ['a.tar']);
  const dataset = await webDataset([`${server.url}/set/a.tar`], { remote: hasty(t) });
  const expected = await imagesOf(dataset);
  const failed = new Set<number>();
  server.mischief = ({ start }, response) => {
    if (failed.has(start)) return false;
    failed.add(start);
    if (failed.size % 2) response.writeHead(500).end();
    else response.destroy();
    return true;
  };
  assert.deepEqual(await imagesOf(dataset), expected);
  assert.equal(failed.size, 6);
  const file = server.files.get('/set/a.tar')!;
  file.etag = '"other"';
  await refused(
    imagesOf(dataset),
    /\/set\/a\.tar has changed on the server since it was indexed: expected \d+ bytes, "a\.tar", found \d+ bytes, "other"/,
  );
  // A mere change of strength is none.
  file.etag = 'W/"a.tar"';
  assert.deepEqual(await imagesOf(dataset), expected);
});

test('a server without ranges, missing archives, and ones that are not .tar are said', async (t) => {
  const { server } = await served(t, ['a.tar']);
  const remote = hasty(t);
  const open = (name: string) => webDataset([`${server.url}/${name}`], { remote });
  await refused(open('set/none.tar'), /\/set\/none\.tar could not be read: the server answered 404/);
  server.files.set('/empty.tar', { bytes: new Uint8Array(0) });
  await refused(open('empty.tar'), /\/empty\.tar is truncated or not a \.tar/);
  server.files.set('/text.tar', { bytes: text('hello '.repeat(2000)) });
  await refused(open('text.tar'), /\/text\.tar is not a \.tar: expected a header at byte 0/);
  server.mischief = ({ path }, response) => {
    response.writeHead(200, { 'content-length': 5000 }).end(server.files.get(path)!.bytes.subarray(0, 5000));
    return true;
  };
  await refused(
    open('set/a.tar'),
    /\/set\/a\.tar cannot be read in parts: the server does not answer range requests/,
  );
  await refused(
    webDataset(['http://127.0.0.1:1/a.tar'], {
      remote: { ...remote, patience: { attempts: 2, retryDelayMs: 1 } },
    }),
    /http:\/\/127\.0\.0\.1:1\/a\.tar could not be read: \S/,
  );
});

test('URLs: lists, parts by names and folders, and what cannot be one', async () => {
  assert.deepEqual(findShards('https://[::1]:80/a-{0..1}.tar::http://b/c.tar'), [
    'https://[::1]:80/a-0.tar',
    'https://[::1]:80/a-1.tar',
    'http://b/c.tar',
  ]);
  assert.ok(isWebDataset('https://host/get?file=1'));
  assert.deepEqual(findShardParts('https://h/x/{train/{0..1},val/0}.tar?k=1').parts, {
    train: ['https://h/x/train/0.tar?k=1', 'https://h/x/train/1.tar?k=1'],
    val: ['https://h/x/val/0.tar?k=1'],
  });
  const cases: [string, RegExp][] = [
    ['https://h/train-*.tar', /names no archives: a server does not list its files/],
    ['https://h/folder/', /names no archives/],
    ['https://me:word@h/a.tar', /^the URL of \/a\.tar holds a password.*BIASLOSS_DATA_AUTHORIZATION/],
    ['http://:/', /http:\/\/:\/ is not a URL/],
  ];
  for (const [place, pattern] of cases) await refused((async () => findShards(place))(), pattern);
});
