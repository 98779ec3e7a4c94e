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
  try {
    return /^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
