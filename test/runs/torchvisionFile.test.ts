/** torchvision's weights by name, from a server on this machine. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { localWeights } from '../../src/runs/hub/localWeights.js';
import { publishedFile } from '../../src/runs/hub/torchvision.js';
import { readWeights } from '../../src/runs/weights.js';
import { temporaryFolder } from '../data/support/folder.js';
import { commitOf, serveHub } from './fixtures/hubServer.js';
import { refused, setEnvironment, WEIGHTS } from './fixtures/published.js';

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
