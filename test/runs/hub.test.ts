/** Published weights by name, from a server on this machine that has Hugging Face's interface. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { localWeights } from '../../src/runs/hub/localWeights.js';
import type { RunEvent } from '../../src/runs/runEvents.js';
import { readWeights } from '../../src/runs/weights.js';
import { temporaryFolder } from '../data/support/folder.js';
import { commitOf, type HubServer, type HubServerOptions, serveHub } from './fixtures/hubServer.js';
import { CONFIG, refused, setEnvironment, VALUES, WEIGHTS } from './fixtures/published.js';

const REPO = 'timm/tiny.a1_in1k';

interface Hub {
  readonly server: HubServer;
  /** Hugging Face's folder of the model. */
  readonly storage: string;
}

/** Serves {@link REPO} with an empty cache. */
async function hub(t: TestContext, options: HubServerOptions = {}): Promise<Hub> {
  const files = { 'config.json': Buffer.from(JSON.stringify(CONFIG)), 'model.safetensors': WEIGHTS };
  const server = await serveHub(t, REPO, files, options);
  const home = temporaryFolder(t);
  setEnvironment(t, { HF_HOME: home, HF_ENDPOINT: server.url });
  return { server, storage: join(home, 'hub', 'models--timm--tiny.a1_in1k') };
}

test('weights are fetched into Hugging Face’s cache, with progress, and described by their config.json', async (t) => {
  const { server, storage } = await hub(t);
  const events: RunEvent[] = [];
  const path = await localWeights(REPO, (event) => events.push(event));
  assert.equal(path, join(storage, 'snapshots', commitOf(server), 'model.safetensors'));
  assert.equal(readFileSync(join(storage, 'refs', 'main'), 'utf8'), commitOf(server));
  const sha256 = createHash('sha256').update(WEIGHTS).digest('hex');
  assert.ok(readFileSync(join(storage, 'blobs', sha256)).equals(WEIGHTS));
  const last = events.at(-1);
  assert.deepEqual(last, { event: 'download', data: REPO, received: WEIGHTS.length, total: WEIGHTS.length });
  const { tensors, published } = readWeights(path);
  assert.deepEqual(tensors.get('w')?.data, VALUES);
  assert.deepEqual(published, {
    architecture: 'tiny',
    imageSize: 240,
    cropShare: 0.95,
    interpolation: 'bicubic',
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
    classes: ['cat', 'dog'],
    notices: [],
  });
});

test('what is in the cache is not fetched again; offline, nothing is asked', async (t) => {
  const { server } = await hub(t);
  const path = await localWeights(REPO);
  server.requests.length = 0;
  assert.equal(await localWeights(REPO), path);
  assert.deepEqual(server.requests, [`GET /api/models/${REPO}/revision/main`]);
  setEnvironment(t, { HF_HUB_OFFLINE: '1' });
  assert.equal(await localWeights(`hf-hub:${REPO}`), path);
  assert.equal(await localWeights(`${REPO}@${commitOf(server)}`), path);
  assert.equal(server.requests.length, 1);
  await refused(
    localWeights('timm/other'),
    /^timm\/other is not in .*models--timm--other, and HF_HUB_OFFLINE is set$/,
  );
});

test('a new commit is fetched, and what it has in common with the old one is not', async (t) => {
  const { server } = await hub(t);
  const path = await localWeights(REPO);
  const renewed = Buffer.from(WEIGHTS);
  renewed.writeFloatLE(7, renewed.length - 4);
  server.files.set('model.safetensors', renewed);
  server.requests.length = 0;
  const next = await localWeights(REPO);
  assert.notEqual(next, path);
  const { tensors, published } = readWeights(next);
  assert.equal(tensors.get('w')?.data.at(-1), 7);
  assert.equal(published?.imageSize, 240);
  const resolved = server.requests.filter((request) => request.includes('/resolve/'));
  assert.deepEqual(resolved, [`GET /${REPO}/resolve/${commitOf(server)}/model.safetensors`]);
  assert.deepEqual(readWeights(path).tensors.get('w')?.data, VALUES);
});

test('a download that broke is resumed', async (t) => {
  const { server } = await hub(t, { breaksAfter: 70_000 });
  const path = await localWeights(REPO);
  assert.ok(readFileSync(path).equals(WEIGHTS));
  assert.ok(
    server.requests.some((request) => /model\.safetensors from [1-9]\d*$/.test(request)),
    server.requests.join('\n'),
  );
});

for (const [kind, lfs, hash] of [
  ['in LFS', /safetensors/, 'the SHA-256'],
  ['of git', /never/, 'the git object'],
] as const) {
  test(`other contents of a file ${kind} than the server’s hash are refused, and nothing stays`, async (t) => {
    const { server, storage } = await hub(t, { lfs });
    const wrong = Buffer.from(WEIGHTS);
    wrong[WEIGHTS.length - 1]! ^= 1;
    server.instead.set('model.safetensors', wrong);
    const expected = `/model\\.safetensors is not model\\.safetensors of timm/tiny\\.a1_in1k: expected ${hash} [0-9a-f]{40,64}, found [0-9a-f]{40,64}$`;
    await refused(localWeights(REPO), new RegExp(expected));
    assert.deepEqual(readdirSync(join(storage, 'snapshots', commitOf(server))), ['config.json']);
    assert.equal(readdirSync(join(storage, 'blobs')).length, 1);
    server.instead.clear();
    assert.ok(readFileSync(await localWeights(REPO)).equals(WEIGHTS));
  });
}

test('a token is sent; without it, and for a name that is nowhere, there is a sentence', async (t) => {
  await hub(t, { token: 'hf_secret' });
  await refused(
    localWeights(REPO),
    /^timm\/tiny\.a1_in1k is no file, and http:\S+ has no such model, or it may not be read \(401; private ones need HF_TOKEN\)$/,
  );
  setEnvironment(t, { HF_TOKEN: 'hf_secret' });
  await localWeights(REPO);
  await refused(
    localWeights('images/mine'),
    /^images\/mine is no file, and http:\S+ has no such model.*404; HF_TOKEN gives no access/,
  );
  setEnvironment(t, { HF_TOKEN: 'secret' });
  await refused(localWeights(REPO), /^HF_TOKEN is not a token of Hugging Face: .*hf_/);
});

test('without a network the cache is used, with a notice; without a cache there is a sentence', async (t) => {
  const { server } = await hub(t);
  const path = await localWeights(REPO);
  await server.close();
  const notices: string[] = [];
  const again = await localWeights(REPO, (event) => event.event === 'notice' && notices.push(event.text));
  assert.equal(again, path);
  assert.match(
    notices.join(),
    /^timm\/tiny\.a1_in1k: http:\S+ cannot be reached \(.+\); the weights in the cache are used$/,
  );
  await refused(
    localWeights('timm/other'),
    /^timm\/other is no file, and cannot be fetched: http:\S+ cannot be reached \(.*ECONNREFUSED.*\), and it is not in .*$/,
  );
});

test('a file or folder that exists is meant itself, a file’s name always', async (t) => {
  const folder = temporaryFolder(t);
  setEnvironment(t, { HF_ENDPOINT: 'http://127.0.0.1:1' });
  const before = process.cwd();
  process.chdir(folder);
  t.after(() => process.chdir(before));
  mkdirSync('timm/mine', { recursive: true });
  writeFileSync('timm/mine/model.safetensors', WEIGHTS);
  writeFileSync('timm/mine/config.json', JSON.stringify(CONFIG));
  assert.equal(await localWeights('timm/mine'), join('timm/mine', 'model.safetensors'));
  assert.equal(readWeights('timm/mine/model.safetensors').published?.imageSize, 240);
  for (const name of ['weights/net.pth', 'a/b/c', './a/b', 'net', 'torchvision/net.pth'])
    assert.equal(await localWeights(name), name);
});
