import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launchedRanks, srunTasksWithoutMpi } from '../../src/distributed/launcher.js';
import { UserError } from '../../src/errors.js';

test('a process that nothing launched is alone', () => {
  assert.deepEqual(launchedRanks({}), { rank: 0, size: 1, localSize: 1 });
});

test('ranks are what the launchers say', () => {
  const openMpi = { OMPI_COMM_WORLD_RANK: '3', OMPI_COMM_WORLD_SIZE: '8', OMPI_COMM_WORLD_LOCAL_SIZE: '4' };
  assert.deepEqual(launchedRanks(openMpi), { kind: 'openmpi', rank: 3, size: 8, localSize: 4 });
  const hydra = { PMI_RANK: '1', PMI_SIZE: '2', MPI_LOCALNRANKS: '2' };
  assert.deepEqual(launchedRanks(hydra), { kind: 'mpich', rank: 1, size: 2, localSize: 2 });
  const slurm = {
    PMIX_RANK: '5',
    SLURM_STEP_NUM_TASKS: '11',
    SLURM_STEP_TASKS_PER_NODE: '4(x2),3',
    SLURM_NODEID: '2',
  };
  assert.deepEqual(launchedRanks(slurm), { kind: 'any', rank: 5, size: 11, localSize: 3 });
});

test('a rank outside of its size is refused', () => {
  assert.throws(
    () => launchedRanks({ PMI_RANK: '2', PMI_SIZE: '2' }),
    (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /PMI_RANK is 2 and its PMI_SIZE 2/);
      return true;
    },
  );
});

test('several tasks of srun without MPI are told of once, for each would train by itself', () => {
  const tasks = { SLURM_STEP_NUM_TASKS: '2', SLURM_PROCID: '0' };
  assert.equal(srunTasksWithoutMpi(tasks), 2);
  assert.equal(srunTasksWithoutMpi({ ...tasks, SLURM_PROCID: '1' }), undefined);
  assert.equal(srunTasksWithoutMpi({ ...tasks, SLURM_STEP_NUM_TASKS: '1' }), undefined);
  assert.equal(srunTasksWithoutMpi({ ...tasks, PMIX_RANK: '0' }), undefined);
  assert.equal(srunTasksWithoutMpi({ ...tasks, PMI_RANK: '0', PMI_SIZE: '2' }), undefined);
  assert.equal(srunTasksWithoutMpi({}), undefined);
});
