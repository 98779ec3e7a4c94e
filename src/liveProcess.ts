import { readFileSync } from 'node:fs';
import { codeOf } from './realms.js';

/** Whether a process of this machine is running. */
export function isLive(pid: number): boolean {
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
  return readStat(`/proc/${pid}/stat`)?.isZombie ?? false;
}

/** What Linux says of a process or thread. */
export interface ProcessStat {
  /** Whether it has ended, and whoever started it has not asked how. */
  readonly isZombie: boolean;
  /** When it was started, in ticks after the system. */
  readonly ticks: string;
}

/** Reads a file `stat` of `/proc`; undefined where there is none. */
export function readStat(path: string): ProcessStat | undefined {
  try {
    const stat = readFileSync(path, 'utf8');
    // The name, in parentheses, may have any characters. The state is field 3, the start field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { isZombie: /[ZX]/.test(fields[0]!), ticks: fields[22 - 3]! };
  } catch {
    return undefined;
  }
}
