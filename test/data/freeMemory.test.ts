import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { freeMemory } from '../../src/data/cache/freeMemory.js';
import { ImageStore } from '../../src/data/cache/imageStore.js';
import { withFolder } from '../train/fixtures/tiny.js';

const STAT = 'cache 3500\ninactive_file 3000\nactive_file 500\ntotal_inactive_file 3300\n';

/** What is free on a machine with these files, where the group's limit leaves 50 bytes of it and the machine has more. */
function freeWith(
  files: Readonly<Record<string, string>>,
  { available = 50, free = 10_000 } = {},
): Promise<number> {
  let found = Number.NaN;
  return withFolder(async (root) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    found = freeMemory({ root, available, free });
  }).then(() => found);
}

describe('free memory', () => {
  it('has in it the files that a control group has read', async () => {
    const second = { 'proc/self/cgroup': '0::/job\n', 'sys/fs/cgroup/job/memory.stat': STAT };
    assert.equal(await freeWith(second), 3050);
    const first = {
      'proc/self/cgroup': '4:cpu,memory:/job\n0::/\n',
      'sys/fs/cgroup/memory/job/memory.stat': STAT,
    };
    assert.equal(await freeWith(first), 3350);
    // The path is the machine's, the folder the container's.
    const inside = { 'proc/self/cgroup': '4:memory:/docker/1f\n', 'sys/fs/cgroup/memory/memory.stat': STAT };
    assert.equal(await freeWith(inside), 3350);
    assert.equal(await freeWith(second, { available: 0 }), 3000);
  });

  it('is never more than the machine has, and that where nothing else is known', async () => {
    const second = { 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/memory.stat': STAT };
    assert.equal(await freeWith(second, { available: 9000 }), 10_000);
    assert.equal(await freeWith({}, { available: 0 }), 10_000);
    assert.equal(await freeWith({}), 50);
  });

  it('is halved for a store of images', () => {
    const { most } = new ImageStore({ place: 'ram' }).handle;
    assert.ok(most > 0 && most <= totalmem() / 2 && most <= freemem(), `${most}`);
  });
});
