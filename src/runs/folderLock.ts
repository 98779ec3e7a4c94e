import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errorMessage, UserError } from '../errors.js';
import { isLive } from '../liveProcess.js';
import { codeOf } from '../realms.js';
import {
  hasThread,
  isThere,
  originOf,
  ownThread,
  type ProcessOrigin,
  type ThreadOrigin,
} from './processOrigin.js';

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
  /** The thread that holds the lock. Undefined as the origin is. */
  readonly thread?: ThreadOrigin | undefined;
}

function readOwner(path: string): Owner {
  try {
    const [pid = '', host = '', origin = ''] = readFileSync(path, 'utf8').trim().split(' ');
    const [boot, space, ticks, id, since] = origin.split('/');
    const known = boot !== undefined && space !== undefined && ticks !== undefined;
    return {
      ...{ pid: Number.parseInt(pid, 10), host },
      ...(known && { origin: { boot, space, ticks } }),
      ...(id !== undefined && since !== undefined && { thread: { id, ticks: since } }),
    };
  } catch (error) {
    // It was released in between.
    if (codeOf(error) === 'ENOENT') return { pid: Number.NaN, host: '' };
    throw error;
  }
}

function ownText(): string {
  const origin = originOf(process.pid);
  const thread = ownThread();
  const parts = origin && [
    origin.boot,
    origin.space,
    origin.ticks,
    ...(thread ? [thread.id, thread.ticks] : []),
  ];
  const known = parts ? ` ${parts.join('/')}` : '';
  return `${process.pid} ${hostname()}${known}\n`;
}

/** Whether whoever a lock names may still be running; one on another machine cannot be checked. */
function isRunning({ pid, host, origin, thread }: Owner, path: string): boolean {
  if (!Number.isInteger(pid)) return false;
  const own = origin && originOf(process.pid);
  if (own === undefined) return host === hostname() ? hasNumber(pid, path) : true;
  // A machine that was started again has none of its processes; what another name has may be another machine.
  if (own.boot !== origin!.boot) return host !== hostname();
  if (own.space === origin!.space) {
    const found = originOf(pid);
    if (!found) return hasNumber(pid, path);
    return found.ticks === origin!.ticks && (thread === undefined || hasThread(pid, thread));
  }
  // A container that was started again under its name has none of its processes either.
  return isThere(origin!) ?? host !== hostname();
}

/** How much a file's time may be too early, in milliseconds: some file systems round it to two seconds. */
const ROUNDING = 2000;

/** Whether a process of this machine with that number is running, and may have written the lock. */
function hasNumber(pid: number, path: string): boolean {
  if (pid !== process.pid) return isLive(pid);
  // Of this process, of whichever thread, or of an earlier one with its number.
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return written >= Date.now() - 1000 * process.uptime() - ROUNDING;
}

/** The process that has locked a folder and may still be running; undefined if there is none. */
export function lockOwner(folder: string): LockOwner | undefined {
  const path = join(folder, LOCK_FILE);
  if (!existsSync(path)) return undefined;
  const owner = readOwner(path);
  return isRunning(owner, path) ? { pid: owner.pid, host: owner.host } : undefined;
}

/**
 * Locks a folder against other processes, and against a second run of this one, in whichever thread. The lock of a killed
 * process is taken over, and on Linux that of a thread that has ended.
 *
 * @returns a function that releases the lock, once: after that it may be another's
 * @throws UserError when the folder is in use or cannot be written
 */
export function lockFolder(folder: string): () => void {
  const path = join(folder, LOCK_FILE);
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(path, ownText(), { flag: 'wx' });
      return releaseOf(path);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST')
        throw new UserError(`the folder ${folder} cannot be written: ${errorMessage(error)}`);
    }
    const owner = readOwner(path);
    if (attempt > 0 || isRunning(owner, path)) {
      const elsewhere = owner.host === hostname() ? '' : ` on ${owner.host}`;
      throw new UserError(
        `the run folder ${folder} is in use by process ${owner.pid}${elsewhere}; if that process is not a run in this folder, remove ${path}`,
      );
    }
    rmSync(path, { force: true });
  }
}

function releaseOf(path: string): () => void {
  let isHeld = true;
  return () => {
    if (isHeld) rmSync(path, { force: true });
    isHeld = false;
  };
}
