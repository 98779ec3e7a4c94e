import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { isLive } from '../liveProcess.js';
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
  return pid === process.pid ? held.size > 0 : isLive(pid);
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
