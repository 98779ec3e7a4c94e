/** The run that weights are from. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { settingsOfWeights } from '../../src/runs/runOfWeights.js';
import { readWeights } from '../../src/runs/weights.js';
import { exportSafetensors } from '../../src/train/exportWeights.js';
import { writeRunCheckpoint } from '../train/fixtures/runCheckpoint.js';
import { withFolder } from '../train/fixtures/tiny.js';

it('averaged weights are of the run in whose folder they lie, other weights without a training of none', () =>
  withFolder(async (folder) => {
    const run = join(folder, 'run');
    mkdirSync(run);
    writeRunCheckpoint(join(run, 'last.safetensors'));
    const seedOf = (...path: string[]): number | undefined => {
      const file = join(folder, ...path);
      return settingsOfWeights(file, readWeights(file))?.seed;
    };
    const seed = seedOf('run', 'last.safetensors');
    assert.equal(typeof seed, 'number');
    const { tensors, info } = readWeights(join(run, 'last.safetensors'), { ema: true });
    const { model, data } = info!;
    writeFileSync(
      join(run, 'best-ema.safetensors'),
      Buffer.concat(exportSafetensors(tensors, { model, data })),
    );
    assert.equal(seedOf('run', 'best-ema.safetensors'), seed);
    for (const path of [['run', 'exported.safetensors'], ['best-ema.safetensors']]) {
      copyFileSync(join(run, 'best-ema.safetensors'), join(folder, ...path));
      assert.equal(seedOf(...path), undefined, path.join('/'));
    }
  }));
