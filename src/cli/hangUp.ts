import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** SIGHUP in the mask of ignored signals. */
const HANG_UP = 1n;
/** How a file is open, in /proc's flags: O_ACCMODE and O_WRONLY. */
const [ACCESS, WRITE_ONLY] = [0o3, 0o1];

/**
 * Whether whoever started this process had it ignore SIGHUP, as `nohup` does. Node.js resets ignored signals to
 * their default as it starts, so this goes by traces: a parent that ignores SIGHUP, the shell's name of the
 * command, and the unreadable standard input that `nohup` puts in a terminal's place.
 */
export function ignoresHangUp(): boolean {
  return (
    ignores('self') || ignores(process.ppid) || basename(process.env._ ?? '') === 'nohup' || lacksInput()
  );
}

function ignores(pid: number | 'self'): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(procFile(`${pid}/status`))?.[1];
  return mask !== undefined && (BigInt(`0x${mask}`) & HANG_UP) !== 0n;
}

function lacksInput(): boolean {
  const flags = /^flags:\s*([0-7]+)$/m.exec(procFile('self/fdinfo/0'))?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & ACCESS) === WRITE_ONLY;
}

/** A file of Linux's /proc; empty where there is none. */
function procFile(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, 'utf8');
  } catch {
    return '';
  }
}
