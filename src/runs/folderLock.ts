import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { codeOf } from '../realms.js';

const FILE = '.lock';

/** The process that a lock file names. */
interface Owner {
  readonly pid: number;
  readonly host: string;
}

function readOwner(path: string): Owner {
  try {
    const [pid = '', host = ''] = readFileSync(path, 'utf8').trim().split(' ');
    return { pid: Number.parseInt(pid, 10), host };
  } catch (error) {
    // It was released in between.
    if (codeOf(error) === 'ENOENT') return { pid: Number.NaN, host: '' };
    throw error;
  }
}

/** Whether the process may still be running; one on another machine cannot be checked. */
function isRunning({ pid, host }: Owner): boolean {
  if (!Number.isInteger(pid)) return false;
  if (host !== hostname()) return true;
  if (pid === process.pid) return held.size > 0;
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch (error) {
    // EPERM: it is running, but belongs to another user.
    return codeOf(error) === 'EPERM';
  }
}

/** Whether a process has ended, and whoever started it has not asked how: in containers that may last. */
function isZombie(pid: number): boolean {
  try {
    return /^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Whether a process has locked a folder and may still be running. */
export function isLocked(folder: string): boolean {
  const path = join(folder, FILE);
  return existsSync(path) && isRunning(readOwner(path));
}

/** Lock files of this process. */
const held = new Set<string>();

/**
 * Locks a folder against other processes, and against a second run of this one. The lock of a killed
 * process is taken over.
 *
 * @returns a function that releases the lock
 * @throws UserError when the folder is in use or cannot be written
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, FILE);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, `${process.pid} ${hostname()}\n`, { flag: 'wx' });
      held.add(path);
      return () => {
        held.delete(path);
        rmSync(path, { force: true });
      };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST')
        throw new UserError(`the folder ${folder} cannot be written: ${errorMessage(error)}`);
    }
    const owner = readOwner(path);
    if (attempt > 0 || isRunning(owner)) {
      const elsewhere = owner.host === hostname() ? '' : ` on ${owner.host}`;
      throw new UserError(
        `the run folder ${folder} is in use by process ${owner.pid}${elsewhere}; if that process is not a run in this folder, remove ${path}`,
      );
    }
    rmSync(path, { force: true });
  }
}
