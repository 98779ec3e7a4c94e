/** What an exported .pth says of its weights. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TorchExtra } from '../../src/formats/torch/extras.js';
import type { Progress } from '../../src/train/checkpointInfo.js';
import { exportTorch } from '../../src/train/exportWeights.js';
import { parseWeights, type ReadWeightsOptions } from '../../src/train/weights.js';
import { writeRunCheckpoint } from './fixtures/runCheckpoint.js';
import { withFolder } from './fixtures/tiny.js';

const ONE = { dtype: 'f32', shape: [1], data: Float32Array.of(1) } as const;

type Said = readonly (TorchExtra | undefined)[];

const saidOf = (bytes: Uint8Array): Said => {
  const { extras } = parseWeights(bytes, 'exported.pth');
  return ['acc', 'epoch', 'note'].map((key) => extras?.get(key));
};

/** What a .pth says that was exported from a run's checkpoint. */
async function exportedFrom(progress: Partial<Progress>, options: ReadWeightsOptions = {}): Promise<Said> {
  let said: Said = [];
  await withFolder(async (folder) => {
    const { tensors, ...source } = parseWeights(
      writeRunCheckpoint(join(folder, 'a'), progress),
      'a',
      options,
    );
    said = saidOf(new Uint8Array(Buffer.concat(exportTorch(tensors, source))));
  });
  return said;
}

describe('an exported .pth', () => {
  const after = { epoch: 3, globalStep: 30, bestTop1: 9, lastTop1: 7.8125, bestAverageTop1: 15.625 };

  it('has the accuracy and the epoch of a checkpoint’s weights', async () => {
    assert.deepEqual(await exportedFrom(after), [7.8125, 2, undefined]);
  });

  it('has none of averaged weights, nor of weights that were saved within an epoch', async () => {
    assert.deepEqual(await exportedFrom(after, { ema: true }), [undefined, undefined, undefined]);
    assert.deepEqual(await exportedFrom({ ...after, step: 4 }), [undefined, undefined, undefined]);
  });

  it('keeps what another .pth says, of averaged weights without the accuracy of the others', () => {
    const extras = new Map<string, TorchExtra>([
      ['acc', 5],
      ['epoch', 8],
      ['note', 'mine'],
    ]);
    const said = (isAveraged: boolean): Said =>
      saidOf(new Uint8Array(Buffer.concat(exportTorch(new Map([['w', ONE]]), { extras, isAveraged }))));
    assert.deepEqual(said(false), [5, 8, 'mine']);
    assert.deepEqual(said(true), [undefined, undefined, 'mine']);
  });
});
