import { useState } from 'preact/hooks';
import type { RunFailure } from '../../api.js';

const DISMISSED = 'biasloss studio failures';

/** Keys of the failures that this tab has dismissed, which a reload or another panel does not bring back. */
function dismissed(): readonly string[] {
  return JSON.parse(sessionStorage.getItem(DISMISSED) ?? '[]') as string[];
}

/** Failures that were not dismissed yet, and a function that dismisses them. */
export function useDismissal(all: readonly RunFailure[]): readonly [readonly RunFailure[], () => void] {
  const [seen, setSeen] = useState(dismissed);
  const dismiss = (): void => {
    const keys = all.map(({ key }) => key);
    sessionStorage.setItem(DISMISSED, JSON.stringify(keys));
    setSeen(keys);
  };
  return [all.filter(({ key }) => !seen.includes(key)), dismiss];
}
