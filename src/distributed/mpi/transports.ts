/** Settings of what carries MPI's messages, by environment variable. */
const SETTINGS: Readonly<Record<string, string>> = {
  // UCX, the transport of MPICH and of Open MPI on InfiniBand, rewrites by default the machine code of memory functions while other threads are in them, which
  // crashed one start in thirty, and handles signals of errors in a way that can hang.
  UCX_MEM_EVENTS: 'no',
  UCX_ERROR_SIGNALS: '',
  // Over one connection, Open MPI's answer to a rank that was later waits behind the long message of the earlier one: they would send one after the other.
  OMPI_MCA_btl_tcp_links: '2',
};

/**
 * Sets them where the environment does not. To be called on the main thread, whose environment is the process's, before MPI is loaded on any.
 */
export function setTransports(environment: Record<string, string | undefined> = process.env): void {
  for (const [name, value] of Object.entries(SETTINGS)) environment[name] ??= value;
}
