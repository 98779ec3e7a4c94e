import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { isLive } from '../liveProcess.js';
import { codeOf } from '../realms.js';
import { isThere, originOf, type ProcessOrigin } from './processOrigin.js';

/** The file by which a process locks a folder. */
export const LOCK_FILE = '.lock';

/** The process that has locked a folder. */
export interface LockOwner {
  readonly pid: number;
  /** The name of its machine. */
  readonly host: string;
}

/** What a lock file says. */
interface Owner extends LockOwner {
  /** Undefined in locks of older versions, and of systems that do not say. */
  readonly origin?: ProcessOrigin | undefined;
}

function readOwner(path: string): Owner {
  try {
    const [pid = '', host = '', origin = ''] = readFileSync(path, 'utf8').trim().split(' ');
    const [boot, space, ticks] = origin.split('/');
    const known = boot !== undefined && space !== undefined && ticks !== undefined;
    return { pid: Number.parseInt(pid, 10), host, ...(known && { origin: { boot, space, ticks } }) };
  } catch (error) {
    // It was released in between.
    if (codeOf(error) === 'ENOENT') return { pid: Number.NaN, host: '' };
    throw error;
  }
}

function ownText(): string {
  const origin = originOf(process.pid);
  const known = origin ? ` ${origin.boot}/${origin.space}/${origin.ticks}` : '';
  return `${process.pid} ${hostname()}${known}\n`;
}

/** Whether the process may still be running; one on another machine cannot be checked. */
function isRunning({ pid, host, origin }: Owner): boolean {
  if (!Number.isInteger(pid)) return false;
  const own = origin && originOf(process.pid);
  if (own === undefined) return host === hostname() ? hasNumber(pid) : true;
  // A machine that was started again has none of its processes; what another name has may be another machine.
  if (own.boot !== origin!.boot) return host !== hostname();
  if (own.space === origin!.space) {
    const found = originOf(pid);
    return found ? found.ticks === origin!.ticks : hasNumber(pid);
  }
  // A container that was started again under its name has none of its processes either.
  return isThere(origin!) ?? host !== hostname();
}

/** Whether a process of this machine with that number is running. */
function hasNumber(pid: number): boolean {
  return pid === process.pid ? held.size > 0 : isLive(pid);
}

/** The process that has locked a folder and may still be running; undefined if there is none. */
export function lockOwner(folder: string): LockOwner | undefined {
  const path = join(folder, LOCK_FILE);
  if (!existsSync(path)) return undefined;
  const owner = readOwner(path);
  return isRunning(owner) ? { pid: owner.pid, host: owner.host } : undefined;
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
  const path = join(folder, LOCK_FILE);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, ownText(), { flag: 'wx' });
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
