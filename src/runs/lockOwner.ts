import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { hostname } from 'node:os';
import { isLive } from '../liveProcess.js';
import {
  hasThread,
  isThere,
  originOf,
  ownThread,
  type ProcessOrigin,
  type ThreadOrigin,
} from './processOrigin.js';

/** The process that has locked a folder. */
export interface LockOwner {
  readonly pid: number;
  /** The name of its machine. */
  readonly host: string;
}

/** What a lock file says. */
export interface Owner extends LockOwner {
  /** Undefined in locks of older versions, and of systems that do not say. */
  readonly origin?: ProcessOrigin | undefined;
  /** The thread that holds the lock. Undefined as the origin is. */
  readonly thread?: ThreadOrigin | undefined;
}

/** Who holds a lock, by its text; a text that was cut off names nobody. */
export function ownerIn(text: string): Owner {
  const [pid = '', host = '', origin = ''] = isWhole(text) ? text.trim().split(' ') : [];
  const [boot, space, ticks, id, since] = origin.split('/');
  const known = boot !== undefined && space !== undefined && ticks !== undefined;
  return {
    ...{ pid: Number.parseInt(pid, 10), host },
    ...(known && { origin: { boot, space, ticks } }),
    ...(id !== undefined && since !== undefined && { thread: { id, ticks: since } }),
  };
}

/** Whether a lock's text was not cut off. */
export function isWhole(text: string): boolean {
  return text.endsWith('\n');
}

/** A lock's text that names this thread, and no other lock has. */
export function ownText(): string {
  const origin = originOf(process.pid);
  const thread = ownThread();
  const parts = origin && [
    origin.boot,
    origin.space,
    origin.ticks,
    ...(thread ? [thread.id, thread.ticks] : []),
  ];
  return `${process.pid} ${hostname()} ${parts?.join('/') ?? '-'} ${randomUUID()}\n`;
}

/** Whether whoever a lock names may still be running; one on another machine cannot be checked. */
export function isRunning({ pid, host, origin, thread }: Owner, path: string): boolean {
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
export const ROUNDING = 2000;

/** Whether a process of this machine with that number is running, and may have written the lock. */
function hasNumber(pid: number, path: string): boolean {
  if (pid !== process.pid) return isLive(pid);
  // Of this process, of whichever thread, or of an earlier one with its number.
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return written >= Date.now() - 1000 * process.uptime() - ROUNDING;
}
