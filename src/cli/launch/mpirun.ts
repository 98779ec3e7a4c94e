import { spawnSync } from 'node:child_process';
import { UserError } from '../../errors.js';
import { type Host, spreadRanks } from './hosts.js';
import { watchedByShell } from './watchedRank.js';

/** A program that starts ranks. */
export interface Mpirun {
  /** Whose it is: Hydra is MPICH's and Intel MPI's. */
  readonly kind: 'Open MPI' | 'Hydra';
  /** Name or path. */
  readonly program: string;
}

/**
 * The signal to mpirun that asks ranks to save and end. Open MPI's passes SIGUSR2 on at once, and would soon kill the ranks after another;
 * Hydra passes SIGTERM on and waits.
 */
export function stopSignal({ kind }: Mpirun): NodeJS.Signals {
  return kind === 'Open MPI' ? 'SIGUSR2' : 'SIGTERM';
}

/** Names under which distributions install it; the first that is there is taken. */
const NAMES = ['mpirun', 'mpiexec', 'mpirun.openmpi', 'mpiexec.mpich', 'mpiexec.hydra'] as const;

/**
 * Finds mpirun.
 *
 * @param program its name or path. Default: whichever is installed
 * @throws UserError when it is missing or not known
 */
export function findMpirun(program?: string): Mpirun {
  const names: readonly string[] = program === undefined ? NAMES : [program];
  for (const name of names) {
    const { stdout, error } = spawnSync(name, ['--version'], { encoding: 'utf8' });
    if (error) continue;
    const kind = kindOf(stdout);
    if (kind) return { kind, program: name };
    if (program !== undefined)
      throw new UserError(
        `${program} is neither Open MPI's mpirun nor MPICH's: --version prints ${firstLine(stdout)}`,
      );
  }
  throw new UserError(
    program === undefined
      ? 'there is no mpirun: install Open MPI or MPICH (Debian: openmpi-bin or mpich), or name it with --mpirun'
      : `there is no program ${program}`,
  );
}

function kindOf(version: string): Mpirun['kind'] | undefined {
  if (/Open MPI|OpenRTE|PRRTE/.test(version)) return 'Open MPI';
  return /HYDRA|Intel\(R\) MPI/i.test(version) ? 'Hydra' : undefined;
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] || 'nothing';
}

/** What ranks may be bound to: a core, a socket or a node of memory each, or nothing. */
export const BINDINGS = ['none', 'core', 'socket', 'numa'] as const;

/** Ranks to start. */
export interface RankRequest {
  readonly ranks: number;
  /** What each is bound to. Default: nothing. */
  readonly binding?: (typeof BINDINGS)[number];
  /** Default: this machine. */
  readonly hosts?: readonly Host[] | undefined;
  /** The program of every rank and its arguments, at the same path on all machines. */
  readonly command: readonly string[];
  /** Names of environment variables that ranks on other machines get, too. */
  readonly variables: readonly string[];
  /** Whether root starts them, which Open MPI refuses unless it is told. */
  readonly isRoot: boolean;
}

/**
 * Arguments of mpirun, which bind ranks to nothing unless that is asked for: each has threads of its own, and Open MPI would bind two
 * to a core each. Open MPI is told that there may be more ranks than cores.
 *
 * @throws UsageError when the machines take fewer ranks
 */
export function mpirunArguments({ kind }: Mpirun, request: RankRequest): string[] {
  const { ranks, binding = 'none', hosts, command, variables, isRoot } = request;
  const places = hosts && spreadRanks(hosts, ranks).map(({ name, slots }) => `${name}:${slots}`);
  const count = ['-n', String(ranks)];
  if (kind === 'Hydra')
    return [
      ...(places ? ['-hosts', places.join(',')] : []),
      ...(binding === 'none' ? [] : ['-bind-to', binding]),
      ...count,
      ...watchedByShell(command),
    ];
  return [
    '--bind-to',
    binding,
    ...(binding === 'none' ? [] : ['--map-by', binding]),
    '--oversubscribe',
    ...(isRoot ? ['--allow-run-as-root'] : []),
    ...(places ? ['--host', places.join(',')] : []),
    ...variables.flatMap((name) => ['-x', name]),
    ...count,
    ...command,
  ];
}
