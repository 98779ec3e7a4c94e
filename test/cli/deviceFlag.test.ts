import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { withTrainRequest } from '../../src/cli/trainCommand.js';
import { withFolder } from '../train/fixtures/tiny.js';

/** The engine that a training is asked for with `--device cpu` and other flags. */
async function engineWith(flags: object): Promise<unknown> {
  let engine: unknown;
  await withTrainRequest({ logFormat: 'text', device: 'cpu', ...flags }, async ({ settings }) => {
    engine = settings.engine;
  });
  return engine;
}

describe('--device cpu', () => {
  it('leaves no engine to choose that would take a card', async () => {
    assert.equal(await engineWith({}), 'cpu');
    assert.equal(await engineWith({ engine: 'auto' }), 'cpu');
  });

  it('leaves an engine of the processor as it is, wherever it was set', () =>
    withFolder(async (folder) => {
      assert.equal(await engineWith({ engine: 'onnx' }), 'onnx');
      const engines = { onnx: undefined, cuda: 'cpu' } as const;
      for (const [engine, expected] of Object.entries(engines)) {
        const config = join(folder, 'config.json');
        writeFileSync(config, JSON.stringify({ engine }));
        assert.equal(await engineWith({ resume: folder }), expected);
        assert.equal(await engineWith({ config }), expected ?? engine);
      }
    }));
});
