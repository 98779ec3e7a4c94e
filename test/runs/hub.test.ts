/** Published weights by name, from a server on this machine that has Hugging Face's interface. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UserError } from '../../src/errors.js';
import { serializeSafetensors } from '../../src/formats/safetensors/serialize.js';
import { localWeights } from '../../src/runs/hub/localWeights.js';
import { publishedFile } from '../../src/runs/hub/torchvision.js';
import type { RunEvent } from '../../src/runs/runEvents.js';
import { readWeights } from '../../src/runs/weights.js';
import { temporaryFolder } from '../data/support/folder.js';
import { commitOf, type HubServer, type HubServerOptions, serveHub } from './fixtures/hubServer.js';

const REPO = 'timm/tiny.a1_in1k';
const CONFIG = {
  architecture: 'tiny',
  num_classes: 2,
  label_names: ['cat', 'dog'],
  pretrained_cfg: {
    input_size: [3, 240, 240],
    crop_pct: 0.95,
    crop_mode: 'center',
    interpolation: 'bicubic',
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
  },
};

const VALUES = Float32Array.from({ length: 50_000 }, (_, i) => Math.sin(i));
const WEIGHTS = Buffer.concat(
  serializeSafetensors(
    new Map([['w', { dtype: 'f32', shape: [VALUES.length], data: new Uint8Array(VALUES.buffer) }]]),
  ),
);

interface Hub {
  readonly server: HubServer;
  /** Hugging Face's folder of the model. */
  readonly storage: string;
}

/** Serves {@link REPO} with an empty cache. */
async function hub(
  t: TestContext,
  options: HubServerOptions & { readonly config?: unknown; readonly environment?: NodeJS.ProcessEnv } = {},
): Promise<Hub> {
  const { config = CONFIG, environment = {}, ...serving } = options;
  const files = { 'config.json': Buffer.from(JSON.stringify(config)), 'model.safetensors': WEIGHTS };
  const server = await serveHub(t, REPO, files, serving);
  const home = temporaryFolder(t);
  setEnvironment(t, { HF_HOME: home, HF_ENDPOINT: server.url, ...environment });
  return { server, storage: join(home, 'hub', 'models--timm--tiny.a1_in1k') };
}

function setEnvironment(t: TestContext, values: NodeJS.ProcessEnv): void {
  const before = { ...process.env };
  Object.assign(process.env, values);
  t.after(() => {
    for (const key of Object.keys(values))
      if (before[key] === undefined) delete process.env[key];
      else process.env[key] = before[key];
  });
}

async function refused(promise: Promise<unknown>, pattern: RegExp): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, pattern);
    return true;
  });
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

for (const [what, change, expected] of [
  [
    'a mean of one channel for three',
    { mean: [0.5] },
    /config\.json has a mean that is not of 3 numbers: \[0\.5\]$/,
  ],
  [
    'a deviation of 0',
    { std: [0.2, 0, 0.2] },
    /has a std that is not of 3 numbers above 0: \[0\.2,0,0\.2\]$/,
  ],
  [
    'a crop of more than everything',
    { crop_pct: 1.5 },
    /has a crop_pct that is not above 0 and up to 1: 1\.5$/,
  ],
  ['an oblong', { input_size: [3, 224, 160] }, /has a input_size that is not of a square: \[3,224,160\]$/],
] as const) {
  test(`a config.json with ${what} is refused`, async (t) => {
    const config = { ...CONFIG, pretrained_cfg: { ...CONFIG.pretrained_cfg, ...change } };
    await hub(t, { config });
    const path = await localWeights(REPO);
    assert.throws(() => readWeights(path), expected);
  });
}

test('a config.json without labels has ImageNet’s for a thousand classes; what is unsupported is said', async (t) => {
  const { mean, std, input_size } = CONFIG.pretrained_cfg;
  const config = { num_classes: 1000, mean, std, input_size, interpolation: 'lanczos', crop_mode: 'squash' };
  await hub(t, { config });
  const { published } = readWeights(await localWeights(REPO));
  assert.equal(published?.classes?.[207], 'golden retriever');
  assert.equal(published.cropShare, 0.875);
  assert.match(published.notices[0]!, /interpolation lanczos, which is unsupported: bicubic is used$/);
  assert.match(published.notices[1]!, /crop_mode squash, which is unsupported: the centre is cropped$/);
});

test('another library’s config.json describes nothing, and one that is damaged is refused', async (t) => {
  await hub(t, { config: { model_type: 'resnet', id2label: {} } });
  assert.equal(readWeights(await localWeights(REPO)).published, undefined);
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'model.safetensors'), WEIGHTS);
  writeFileSync(join(folder, 'config.json'), '{');
  assert.throws(() => readWeights(join(folder, 'model.safetensors')), /config\.json is not JSON: /);
});

test('torchvision’s weights are kept where torchvision keeps them, and checked by the hash in their name', async (t) => {
  const home = temporaryFolder(t);
  const digits = createHash('sha256').update(WEIGHTS).digest('hex').slice(0, 8);
  const file = `tiny-${digits}.pth`;
  const server = await serveHub(t, 'models', { [file]: WEIGHTS, 'squeezenet1_1-b8a52dc0.pth': WEIGHTS });
  setEnvironment(t, {
    TORCH_HOME: home,
    BIASLOSS_TORCHVISION_URL: `${server.url}/models/resolve/${commitOf(server)}`,
  });
  const path = await publishedFile({ file });
  assert.equal(path, join(home, 'hub', 'checkpoints', file));
  assert.ok(readFileSync(path).equals(WEIGHTS));
  const asked = server.requests.length;
  assert.equal(await publishedFile({ file }), path);
  assert.equal(server.requests.length, asked);
  await refused(
    localWeights('torchvision/squeezenet1_1'),
    /squeezenet1_1-b8a52dc0\.pth is not torchvision’s file: expected a SHA-256 that starts with b8a52dc0, found [0-9a-f]{64}$/,
  );
  assert.deepEqual(readdirSync(join(home, 'hub', 'checkpoints')), [file]);
  writeFileSync(path, 'cut');
  await refused(
    publishedFile({ file }),
    /is damaged: expected a SHA-256 that starts with .*; delete it, and it is fetched again$/,
  );
  await refused(
    localWeights('torchvision/resnet152'),
    /^torchvision\/resnet152 is no file, and no model of torchvision whose weights are known: resnet18, /,
  );
  await refused(
    localWeights('torchvision/resnet50.IMAGENET1K_V3'),
    /^torchvision’s resnet50 has no weights IMAGENET1K_V3, only IMAGENET1K_V1, IMAGENET1K_V2$/,
  );
});

test('a file that torchvision published is described by its name, wherever it is', (t) => {
  const path = join(temporaryFolder(t), 'mobilenet_v3_large-5c1a4163.pth');
  writeFileSync(path, WEIGHTS);
  const { published } = readWeights(path);
  assert.ok(published);
  assert.ok(Math.abs(published.cropShare - 224 / 232) < 1e-12);
  assert.equal(published.classes?.[0], 'tench');
});
