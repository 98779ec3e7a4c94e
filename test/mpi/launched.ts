import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Launcher } from './support.js';

const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** Environment variable by which the processes of a launch are found. */
const LABEL = 'BIASLOSS_TEST_LAUNCH';

let launches = 0;

/** How `biasloss launch` ended. */
export interface Launched {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Wraps the command of a launch, to run it in a network namespace, say, and adds environment variables. */
export interface LaunchPlace {
  readonly wrap?: ((command: readonly string[]) => [string, string[]]) | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** A running `biasloss launch`. */
export class LaunchUnderTest {
  readonly ended: Promise<Launched>;
  readonly child: ChildProcess;
  private readonly label = `${process.pid}-${launches++}`;

  /**
   * @param args after `launch`, without the launcher
   * @param place what the command becomes, and variables that are added. Default: it runs as it is
   */
  constructor(
    launcher: Pick<Launcher, 'command'>,
    args: readonly string[],
    cwd: string,
    { wrap, env }: LaunchPlace = {},
  ) {
    const command = [process.execPath, CLI, 'launch', '--mpirun', launcher.command, ...args];
    const [program, own] = wrap?.(command) ?? [command[0]!, command.slice(1)];
    const child = spawn(program, own, {
      cwd,
      env: { ...process.env, ...env, [LABEL]: this.label },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (text: string) => {
        texts[name] += text;
      });
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, ...texts }));
    });
  }

  /** Process ids of the ranks that are running, by rank. */
  ranks(): Map<number, number> {
    const found = new Map<number, number>();
    for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
      const environment = read(join('/proc', name, 'environ')).split('\0');
      if (!environment.includes(`${LABEL}=${this.label}`) || !isRunning(name) || !isNode(name)) continue;
      const rank = environment
        .map((entry) => /^(?:OMPI_COMM_WORLD_RANK|PMI_RANK)=(\d+)$/.exec(entry)?.[1])
        .find((value) => value !== undefined);
      if (rank !== undefined) found.set(Number(rank), Number(name));
    }
    return found;
  }

  /** Waits until a file of the working directory is there and fits, or the launch has ended. */
  async until(condition: () => boolean): Promise<void> {
    while (this.child.exitCode === null && !condition()) await sleep(20);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}

/** Whether a process is a rank itself, not a shell that runs it. */
function isNode(pid: string): boolean {
  try {
    return readlinkSync(join('/proc', pid, 'exe')) === realpathSync(process.execPath);
  } catch {
    return false;
  }
}

function isRunning(pid: string): boolean {
  return /^\d+ \(.*\) [^ZX]/s.test(read(join('/proc', pid, 'stat')));
}
