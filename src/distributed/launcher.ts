import { UserError } from '../errors.js';
import { type Ranks, SOLO } from './communicator.js';

/** A kind of MPI, by whose conventions processes were started. */
export type MpiKind = 'openmpi' | 'mpich' | 'any';

/** Which process this is, as whatever started it says in the environment. */
export interface LaunchedRanks extends Ranks {
  /** Ranks on this machine. */
  readonly localSize: number;
  /** Absent where no launcher of MPI's started the process. */
  readonly kind?: MpiKind | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of launchers: Open MPI's mpirun, Hydra (MPICH, Intel MPI) and other PMI, Slurm's srun with PMIx. */
const LAUNCHERS: readonly {
  readonly kind: MpiKind;
  readonly names: { readonly rank: string; readonly size: string };
  readonly localSize: (environment: Environment) => string | undefined;
}[] = [
  {
    kind: 'openmpi',
    names: { rank: 'OMPI_COMM_WORLD_RANK', size: 'OMPI_COMM_WORLD_SIZE' },
    localSize: (environment) => environment.OMPI_COMM_WORLD_LOCAL_SIZE,
  },
  {
    kind: 'mpich',
    names: { rank: 'PMI_RANK', size: 'PMI_SIZE' },
    localSize: (environment) => environment.MPI_LOCALNRANKS ?? slurmLocalSize(environment),
  },
  { kind: 'any', names: { rank: 'PMIX_RANK', size: 'SLURM_STEP_NUM_TASKS' }, localSize: slurmLocalSize },
];

/** Ranks of this machine from Slurm's list, such as `4(x2),3`. */
function slurmLocalSize({
  SLURM_STEP_TASKS_PER_NODE: list,
  SLURM_NODEID: node,
}: Environment): string | undefined {
  const counts = list?.split(',').flatMap((part) => {
    const [, tasks, times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return tasks === undefined ? [] : Array<string>(Number(times)).fill(tasks);
  });
  return counts?.[Number(node ?? 0)];
}

/**
 * Which rank this process is, by the environment that mpirun, mpiexec or srun made. Nothing of MPI is loaded for it.
 *
 * @throws UserError when the environment contradicts itself
 */
export function launchedRanks(environment: Environment = process.env): LaunchedRanks {
  for (const { kind, names, localSize } of LAUNCHERS) {
    const size = environment[names.size];
    const rank = environment[names.rank];
    if (size === undefined || rank === undefined) continue;
    const found = {
      kind,
      rank: Number(rank),
      size: Number(size),
      localSize: Number(localSize(environment) ?? 1),
    };
    const whole = [found.rank, found.size, found.localSize].every((value) => Number.isInteger(value));
    if (!whole || found.rank < 0 || found.rank >= found.size || found.localSize < 1)
      throw new UserError(
        `the launcher's ${names.rank} is ${rank} and its ${names.size} ${size}: a rank from 0 to below the size was expected`,
      );
    return found;
  }
  return { ...SOLO, localSize: 1 };
}

/**
 * How many tasks Slurm's srun has started without MPI: each would be a training of its own, without a word.
 *
 * @returns undefined where that is not so, and for all tasks but the first
 */
export function srunTasksWithoutMpi(environment: Environment = process.env): number | undefined {
  const tasks = Number(environment.SLURM_STEP_NUM_TASKS ?? 1);
  const isFirst = environment.SLURM_PROCID === '0';
  const isAlone = launchedRanks(environment).kind === undefined && isFirst && tasks > 1;
  return isAlone ? tasks : undefined;
}
