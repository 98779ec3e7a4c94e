import type { Prepared } from '../../device.js';

/** An algorithm that can be taken: it is ready to run, and its implementation is a name that means the same in later runs. */
export type Candidate<Pointers> = Prepared<Pointers>;

/**
 * Candidates of which a library knows some things together, which are freed after the last one is closed.
 *
 * @param free is called at once where there are no candidates
 */
export function freedTogether<Pointers>(
  candidates: readonly Candidate<Pointers>[],
  free: () => void,
): Candidate<Pointers>[] {
  let open = candidates.length;
  if (open === 0) free();
  return candidates.map((candidate) => ({
    implementation: candidate.implementation,
    workspaceBytes: candidate.workspaceBytes,
    run: (pointers, workspace) => candidate.run(pointers, workspace),
    close: () => {
      candidate.close();
      if (--open === 0) free();
    },
  }));
}
