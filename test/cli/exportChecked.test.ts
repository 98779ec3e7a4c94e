/** An ONNX file is written if its logits are the source's, whatever they are. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createModel } from '../../src/models/registry.js';
import { exportSafetensors } from '../../src/train/exportWeights.js';
import type { StateDictTensors } from '../../src/train/stateDict.js';
import { formulaTensors } from '../support/models.js';
import { withFolder } from '../train/fixtures/tiny.js';
import { SharedProcess } from './fixtures/sharedProcess.js';

const shared = new SharedProcess();
after(() => shared.close());

// It ends in a ReLU.
const model = createModel({ name: 'squeezenet1_1', classes: 3, imageSize: 64 });

/** A model whose last bias is a value. */
function biasedBy(value: number): StateDictTensors {
  const tensors = formulaTensors(model);
  const name = model.classifierEntries.at(-1)!;
  const { shape } = tensors.get(name)!;
  tensors.set(name, { dtype: 'f32', shape, data: new Float32Array(shape[0]!).fill(value) });
  return tensors;
}

async function exported(tensors: StateDictTensors): Promise<{ said: string; isThere: boolean }> {
  let found = { said: '', isThere: false };
  await withFolder(async (cwd) => {
    const data = { classes: ['ant', 'bee', 'cat'], mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
    writeFileSync(
      join(cwd, 'a.safetensors'),
      Buffer.concat(exportSafetensors(tensors, { model: model.config, data })),
    );
    const { stdout, stderr } = await shared.run(['export', '--checkpoint=a.safetensors', '--to=onnx'], cwd);
    found = { said: stdout + stderr, isThere: existsSync(join(cwd, 'a.onnx')) };
  });
  return found;
}

describe('export --to onnx', () => {
  it('writes a model whose logits are all 0 for the images that it is checked on', async () => {
    const { said, isThere } = await exported(biasedBy(-1e6));
    assert.match(said, /^a\.onnx: \d\.\d\d MB, checked against the source in ONNX Runtime\n$/);
    assert.ok(isThere);
  });

  it('refuses a model whose logits are not finite, and says so', async () => {
    // The sum of a channel's pixels is beyond 32 bits.
    const { said, isThere } = await exported(biasedBy(3e38));
    assert.equal(
      said,
      'error: the source has logits that are not finite for random images; nothing was written\n',
    );
    assert.ok(!isThere);
  });
});
