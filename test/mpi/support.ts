import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A launcher of an MPI that is installed. */
export interface Launcher {
  readonly name: 'Open MPI' | 'MPICH';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** Debian's names of both launchers. */
const known: readonly Launcher[] = [
  {
    name: 'Open MPI',
    command: 'mpirun.openmpi',
    args: ['--oversubscribe', '--bind-to', 'none'],
    env: { OMPI_ALLOW_RUN_AS_ROOT: '1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: '1' },
  },
  { name: 'MPICH', command: 'mpiexec.mpich', args: [], env: {} },
];

const isInstalled = ({ command }: Launcher): boolean => spawnSync(command, ['--version']).error === undefined;

/** Each launcher, and why it cannot be used, where it cannot. */
export const launchers: readonly (Launcher & { readonly skip: string | undefined })[] = known.map(
  (launcher) => ({
    ...launcher,
    skip: isInstalled(launcher) ? undefined : `${launcher.command} is not installed`,
  }),
);

/** What ranks printed and how their launcher ended. */
export interface RankResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What each reported, in JSON. */
  readonly records: readonly string[];
}

/** Runs a program of Node's on several ranks. */
export function runRanks(
  launcher: Launcher,
  ranks: number,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly timeout?: number } = {},
): Promise<RankResult> {
  const records = mkdtempSync(join(tmpdir(), 'biasloss-ranks-'));
  const child = spawn(launcher.command, [...launcher.args, '-n', String(ranks), process.execPath, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...launcher.env, ...options.env, BIASLOSS_TEST_RECORDS: records },
    timeout: options.timeout ?? 120_000,
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      const found = readdirSync(records).map((name) => readFileSync(join(records, name), 'utf8'));
      rmSync(records, { recursive: true });
      resolve({ code, ...texts, records: found });
    });
  });
}

/** Path of a compiled program for ranks, beside this file. */
export function rankProgram(name: string): string {
  return fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url));
}

/** What ranks reported, in their order. */
export function recordsOf<T extends { readonly rank: number }>({
  records,
  stdout,
  stderr,
  code,
}: RankResult): T[] {
  if (code !== 0) throw new Error(`the ranks ended with ${code}: ${stderr}${stdout}`);
  return records.map((text) => JSON.parse(text) as T).sort((a, b) => a.rank - b.rank);
}
