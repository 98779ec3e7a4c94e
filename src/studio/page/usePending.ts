import { useRef, useState } from 'preact/hooks';

/** Whether something is under way, and a function that does something unless it is. */
export function usePending(): readonly [boolean, (act: () => Promise<void>) => Promise<void>] {
  const [isPending, setPending] = useState(false);
  // A second click may come before the page is drawn again.
  const pending = useRef(false);
  const set = (value: boolean): void => {
    pending.current = value;
    setPending(value);
  };
  const act = async (body: () => Promise<void>): Promise<void> => {
    if (pending.current) return;
    set(true);
    try {
      await body();
    } finally {
      set(false);
    }
  };
  return [isPending, act];
}
