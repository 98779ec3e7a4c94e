import type { LiveRuns } from './useRuns.js';

/** Says that the studio does not answer, while it does not. */
export function LostNotice({ state }: Pick<LiveRuns, 'state'>) {
  if (state !== 'lost') return null;
  return (
    <p class="bad" role="status">
      The studio does not answer. The page tries again.
    </p>
  );
}
