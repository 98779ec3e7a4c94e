import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { withFolder } from '../train/fixtures/tiny.js';
import { biasloss, SMALL } from './fixtures/process.js';

/** What Open MPI's launcher sets. */
const shell = 'OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 exec "$@"';

describe('on several ranks', { skip: process.platform === 'win32' && 'bash starts them' }, () => {
  for (const args of [
    ['auto', 'images'],
    ['find-lr', ...SMALL],
    ['kfold', ...SMALL],
    ['sweep', 'sweep.json'],
    ['quickstart'],
    ['studio'],
  ])
    it(`${args[0]} is refused before it does anything`, () =>
      withFolder(async (cwd) => {
        const { code, stderr } = await biasloss(args, { cwd, shell });
        assert.deepEqual(
          [code, stderr],
          [
            2,
            `error: ${args[0]} runs in one process, and was started on 2 ranks: of the commands that train only train takes several\n`,
          ],
        );
        assert.deepEqual(readdirSync(cwd), []);
      }));

  it('commands that do not train run as ever', async () => {
    const { code, stdout } = await biasloss(['info', '--model=resnet18'], { shell });
    assert.equal(code, 0);
    assert.match(stdout, /parameters/);
  });
});
