import { useRef } from 'preact/hooks';

/** The run that a panel shows where none is chosen: the first of its choices once there are some, though newer ones come. */
export function usePinned(chosen: string, choices: readonly string[]): string {
  const first = useRef<string>(undefined);
  first.current ??= choices[0];
  return chosen === '' ? (first.current ?? '') : chosen;
}
