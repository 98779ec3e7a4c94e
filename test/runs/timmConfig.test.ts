/** timm's config.json. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readTimmConfig } from '../../src/runs/hub/timmConfig.js';
import { readWeights } from '../../src/runs/weights.js';
import { temporaryFolder } from '../data/support/folder.js';
import { CONFIG, WEIGHTS } from './fixtures/published.js';

/** A folder as a clone of a repository. */
function clone(t: TestContext, config: string): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'model.safetensors'), WEIGHTS);
  writeFileSync(join(folder, 'config.json'), config);
  return join(folder, 'model.safetensors');
}

for (const [what, change, expected] of [
  [
    'a mean of one channel for three',
    { mean: [0.5] },
    /^UserError: a\/config\.json has a mean that is not of 3 numbers: \[0\.5\]$/,
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
  test(`${what} is refused`, () => {
    const config = { ...CONFIG, pretrained_cfg: { ...CONFIG.pretrained_cfg, ...change } };
    assert.throws(() => readTimmConfig(JSON.stringify(config), 'a/config.json'), expected);
  });
}

test('a thousand classes without labels are ImageNet’s; what is unsupported is said', () => {
  const { mean, std, input_size } = CONFIG.pretrained_cfg;
  const config = { num_classes: 1000, mean, std, input_size, interpolation: 'lanczos', crop_mode: 'squash' };
  const published = readTimmConfig(JSON.stringify(config), 'config.json');
  assert.equal(published?.classes?.[207], 'golden retriever');
  assert.equal(published.cropShare, 0.875);
  assert.match(published.notices[0]!, /interpolation lanczos, which is unsupported: bicubic is used$/);
  assert.match(published.notices[1]!, /crop_mode squash, which is unsupported: the centre is cropped$/);
});

test('beside a file of weights it describes them; another library’s describes nothing, a damaged one is refused', (t) => {
  assert.deepEqual(readWeights(clone(t, JSON.stringify(CONFIG))).published?.classes, ['cat', 'dog']);
  assert.equal(readWeights(clone(t, '{"model_type":"resnet"}')).published, undefined);
  assert.throws(() => readWeights(clone(t, '{')), /config\.json is not JSON: /);
});
