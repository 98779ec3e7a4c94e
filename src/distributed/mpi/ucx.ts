/**
 * Settings of UCX, the transport of MPICH and of Open MPI on InfiniBand, that a process with threads needs. By default UCX rewrites
 * the machine code of memory functions while other threads are in them, which crashed one start in thirty; and it handles signals of errors in
 * a way that can hang.
 */
const SETTINGS: Readonly<Record<string, string>> = { UCX_MEM_EVENTS: 'no', UCX_ERROR_SIGNALS: '' };

/**
 * Sets them where the environment does not. To be called on the main thread, whose environment is the process's, before MPI is loaded on any.
 */
export function calmUcx(environment: Record<string, string | undefined> = process.env): void {
  for (const [name, value] of Object.entries(SETTINGS)) environment[name] ??= value;
}
