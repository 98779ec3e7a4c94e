import { useState } from 'preact/hooks';

/**
 * State that is still there when a panel is opened again, as long as the page is open.
 *
 * @param kept where it is kept, by key
 */
export function useKept<T>(kept: Map<string, T>, key: string, initial: T): [T, (value: T) => void] {
  const [value, setValue] = useState(kept.get(key) ?? initial);
  const set = (next: T): void => {
    kept.set(key, next);
    setValue(() => next);
  };
  return [value, set];
}
