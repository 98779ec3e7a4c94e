import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fillUniform } from '../../src/random.js';
import { onednnMissing } from '../support/onednn.js';
import { launchers, rankProgram, recordsOf, runRanks } from './support.js';

interface Outputs {
  readonly rank: number;
  readonly results: unknown;
  readonly runs: readonly unknown[];
}

/** Ranks have x = (0, 1, 4) and (1, 0, 4), and weights 1 and 2. */
const reductions = (rank: number): unknown => ({
  sum: { y: [1, 1, 8], dx: [3, 3, 3] },
  mean: { y: [0.5, 0.5, 4], dx: [1.5, 1.5, 1.5] },
  min: { y: [0, 0, 4], dx: rank === 0 ? [3, 0, 1.5] : [0, 3, 1.5] },
  max: { y: [1, 1, 4], dx: rank === 0 ? [0, 3, 1.5] : [3, 0, 1.5] },
});

/** Random numbers are parts of those that a single rank draws. */
const random = new Float32Array(4);
fillUniform(random, 0, 'u', 0);

const missing = await onednnMissing();

for (const { skip, ...launcher } of launchers)
  describe(`collectives of programs under ${launcher.name}`, { skip: skip ?? false }, () => {
    for (const engine of ['reference', 'onednn', 'onnx'] as const)
      test(engine, { skip: engine === 'onednn' && missing }, async () => {
        const records = recordsOf<Outputs>(await runRanks(launcher, 2, [rankProgram('collective'), engine]));
        assert.deepEqual(
          records.map(({ rank }) => rank),
          [0, 1],
        );
        for (const { rank, results, runs } of records) {
          assert.deepEqual(results, reductions(rank));
          const common = { large: [40_000], random: [...random.subarray(2 * rank, 2 * rank + 2)] };
          assert.deepEqual(runs, [
            { ...common, before: [1, 2], v: [2, 4] },
            { ...common, before: [3, 5], v: [6, 10] },
          ]);
        }
      });
  });
