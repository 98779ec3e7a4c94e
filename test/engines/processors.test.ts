import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { it } from 'node:test';
import { numbersIn, processorQuota, processorsAtHand } from '../../src/engines/host/processors.js';
import { withFolder } from '../train/fixtures/tiny.js';

/** The quota on a system with files of these contents. */
function quotaWith(files: Readonly<Record<string, string>>): Promise<number> {
  return withFolder(async (root) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    return processorQuota(root);
  });
}

it('lists of processors are read', () => {
  assert.deepEqual([...numbersIn('0')], [0]);
  assert.deepEqual([...numbersIn('0-2,5,7-8')], [0, 1, 2, 5, 7, 8]);
});

it('the tightest limit of all control groups above the process counts', async () => {
  const v2 = { 'proc/self/cgroup': '0::/a/b\n' };
  assert.equal(await quotaWith({}), Number.POSITIVE_INFINITY);
  assert.equal(
    await quotaWith({ ...v2, 'sys/fs/cgroup/a/b/cpu.max': 'max 100000\n' }),
    Number.POSITIVE_INFINITY,
  );
  assert.equal(
    await quotaWith({
      ...v2,
      'sys/fs/cgroup/a/b/cpu.max': '300000 100000\n',
      'sys/fs/cgroup/a/cpu.max': '75000 50000\n',
    }),
    1.5,
  );
  assert.equal(
    await quotaWith({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': '20000 100000\n' }),
    0.2,
  );
  const v1 = (quota: string): Promise<number> =>
    quotaWith({
      'proc/self/cgroup': '9:memory:/x\n4:cpu,cpuacct:/x\n',
      'sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us': quota,
      'sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us': '100000\n',
    });
  assert.deepEqual([await v1('250000\n'), await v1('-1\n')], [2.5, Number.POSITIVE_INFINITY]);
});

it('there is at least one processor at hand, and no more than the system has', () => {
  const count = processorsAtHand();
  assert.ok(Number.isInteger(count) && count >= 1 && count <= availableParallelism());
});
