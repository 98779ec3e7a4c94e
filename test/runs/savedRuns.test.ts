import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runTraining } from '../../src/cli/runTraining.js';
import { readCheckpoint } from '../../src/runs/checkpoint.js';
import { type Checkpoint, restoreLearner } from '../../src/train/learnerState.js';
import { withFolder, withTrainer } from '../train/fixtures/tiny.js';

/** Runs that an earlier version saved in the middle of an epoch; see README.md there. */
const FOLDER = 'test/fixtures/savedRuns';
const LAST = 'last.safetensors';

interface Expected {
  /** SHA-256 over names and values of the saved tensors. */
  readonly loaded: string;
  /** The same after that version had resumed the run and finished it. */
  readonly resumed: string;
  readonly progress: unknown;
  readonly accuracyCsv?: string;
}

const expected = JSON.parse(readFileSync(join(FOLDER, 'expected.json'), 'utf8')) as Record<string, Expected>;

/** A hash of the tensors that that version knew: it did not count an optimiser's steps. */
function hashOf({ tensors }: Checkpoint): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of tensors) {
    if (name === 'optimizer.step') continue;
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** Runs `body` with a copy of a saved run, and compares what it leaves behind. */
async function resumes(name: string, body: (folder: string) => Promise<unknown>): Promise<void> {
  const wanted = expected[name]!;
  await withFolder(async (parent) => {
    const folder = join(parent, name);
    cpSync(join(FOLDER, name), folder, { recursive: true });
    assert.equal(hashOf(readCheckpoint(join(folder, LAST))), wanted.loaded);
    await body(folder);
    const last = readCheckpoint(join(folder, LAST));
    const { seconds: _, ...progress } = last.training!.progress;
    assert.deepEqual(progress, wanted.progress);
    assert.equal(hashOf(last), wanted.resumed);
    if (wanted.accuracyCsv !== undefined)
      assert.equal(readFileSync(join(folder, 'accuracy.csv'), 'utf8'), wanted.accuracyCsv);
  });
}

// The reference engine computes alike on every processor; ONNX Runtime and oneDNN choose their code by it.
describe('runs of an earlier version resume bit for bit', () => {
  for (const name of ['bias', 'ce'])
    it(`a run folder, ${name}`, () =>
      resumes(name, (folder) => runTraining({ settings: {}, resume: folder, logFormat: 'json' })));

  it('a checkpoint of a model of one’s own', () =>
    resumes('tiny', async (folder) => {
      const checkpoint = readCheckpoint(join(folder, LAST));
      const { progress } = checkpoint.training!;
      await withTrainer({ folder, engine: 'reference', progress }, async ({ trainer, learner }) => {
        await restoreLearner(learner, checkpoint);
        assert.equal(await trainer.run(), 'complete');
      });
    }));
});
