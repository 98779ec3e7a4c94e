import koffi from 'koffi';

/**
 * Ends the process at once, with an exit code. `process.exit` would wait for a worker that waits in MPI for other ranks; these are ended
 * by the launcher, which sees the code.
 */
export function endAtOnce(exitCode: number): void {
  if (process.platform !== 'win32') koffi.load(null).func('void _exit(int)')(exitCode);
  process.kill(process.pid, 'SIGKILL');
}
