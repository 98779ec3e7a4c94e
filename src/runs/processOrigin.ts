import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { readStat } from '../liveProcess.js';

/** What tells a process from all others that ever had its number. */
export interface ProcessOrigin {
  /** The system's start in which it runs. */
  readonly boot: string;
  /** The namespace in which its number holds: a container has one of its own. */
  readonly space: string;
  /** When it was started, in ticks after the system. */
  readonly ticks: string;
}

/** One of a process's threads. */
export interface ThreadOrigin {
  readonly id: string;
  /** When it was started, in ticks after the system. */
  readonly ticks: string;
}

/** The namespace of a machine itself, in which all of its processes can be seen (`PROC_PID_INIT_INO`). */
const WHOLE_MACHINE = 'pid:[4026531836]';

/** Where a process that can be seen comes from; undefined for others, and where the system does not say (it is Linux that does). */
export function originOf(pid: number): ProcessOrigin | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const ticks = ticksOf(pid);
    return ticks === undefined ? undefined : { boot, space: readlinkSync('/proc/self/ns/pid'), ticks };
  } catch {
    return undefined;
  }
}

/**
 * Whether a process of this start of the system is there, whichever namespace it is in.
 *
 * @returns undefined where its namespace hides it
 */
export function isThere({ space, ticks }: ProcessOrigin): boolean | undefined {
  const sees = readlinkSync('/proc/self/ns/pid') === WHOLE_MACHINE && ticksOf(1) !== undefined;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  if (pids.some((pid) => ticksOf(Number(pid)) === ticks && (spaceOf(pid) ?? space) === space)) return true;
  return sees ? false : undefined;
}

/** The thread that runs this code; undefined where the system does not say. */
export function ownThread(): ThreadOrigin | undefined {
  try {
    const path = readlinkSync('/proc/thread-self');
    const ticks = ticksIn(join('/proc', path, 'stat'));
    return ticks === undefined ? undefined : { id: basename(path), ticks };
  } catch {
    return undefined;
  }
}

/** Whether a thread of a process that can be seen is there. */
export function hasThread(pid: number, { id, ticks }: ThreadOrigin): boolean {
  return ticksIn(`/proc/${pid}/task/${id}/stat`) === ticks;
}

/** Undefined where another user's processes are not shown. */
function spaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}

/** When a process was started; undefined for one that has ended, though whoever started it may not have asked how. */
function ticksOf(pid: number): string | undefined {
  return ticksIn(`/proc/${pid}/stat`);
}

function ticksIn(path: string): string | undefined {
  const stat = readStat(path);
  return stat?.isZombie ? undefined : stat?.ticks;
}
