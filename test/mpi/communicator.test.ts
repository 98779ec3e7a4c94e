import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { launchers, rankProgram, recordsOf, runRanks } from './support.js';

interface Communicated {
  readonly rank: number;
  readonly size: number;
  readonly description: string;
}

for (const { skip, ...launcher } of launchers)
  describe(`the communicator of ${launcher.name}`, { skip: skip ?? false }, () => {
    test('three ranks combine numbers', async () => {
      const records = recordsOf<Communicated>(await runRanks(launcher, 3, [rankProgram('communicate')]));
      assert.equal(records.length, 3);
      for (const [rank, { description, ...record }] of records.entries()) {
        assert.match(description, new RegExp(launcher.name));
        assert.deepEqual(record, {
          rank,
          size: 3,
          sum: [6, -3, 1.5],
          mean: [2, -1, 0.5],
          least: [1, -2, 0.5],
          greatest: [3, 0, 0.5],
          joined: [
            [3, 6, 6],
            [20_000, 12, 12],
            [5, 18, 18],
          ],
          inRow: [
            [3, 2, 2],
            [2, 2, 2],
            [4, 2, 2],
          ],
          // Farther from its neighbour than what aligns tensors.
          apart: rank + 1,
          wrong: -1,
          doubles: [3 + 3 * 2 ** -40, 3],
          sent: [2, 20],
        });
      }
    });

    test('another MPI’s library is refused in a sentence', async (t) => {
      const other = launcher.name === 'MPICH' ? 'libmpi.so.40' : 'libmpich.so.12';
      if (launchers.some(({ skip: reason }) => reason !== undefined))
        return t.skip('only one MPI is installed');
      const env = { BIASLOSS_MPI: other };
      const { code, stderr } = await runRanks(launcher, 2, [rankProgram('communicate')], { env });
      assert.notEqual(code, 0);
      assert.match(
        stderr,
        /started this process as rank [01] of 2, but (Open MPI|MPICH) \S+ \(\S+\) sees rank 0 of 1/,
      );
    });
  });
