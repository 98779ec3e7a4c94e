import { useEffect, useRef, useState } from 'preact/hooks';
import type { DataCheck } from '../../../data/check/checkData.js';
import type { CheckNews } from '../../dataApi.js';
import { tellCheck } from './dataCalls.js';

/** A check of a folder. */
export interface Check {
  /** How far it is while it goes on; undefined otherwise. */
  readonly progress?: { readonly done: number; readonly total: number } | undefined;
  /** What it found. */
  readonly found?: DataCheck | undefined;
  /** Why it failed, in a sentence; empty if it did not. */
  readonly problem: string;
}

/** A check that is started and stopped, and ends when it is left. */
export function useCheck(folder: string): Check & { readonly start: () => void; readonly stop: () => void } {
  const [check, setCheck] = useState<Check>({ problem: '' });
  const leaving = useRef<AbortController | undefined>(undefined);
  const stop = (): void => {
    leaving.current?.abort();
    setCheck({ problem: '' });
  };
  useEffect(() => () => leaving.current?.abort(), []);
  const start = (): void => {
    const own = new AbortController();
    leaving.current = own;
    setCheck({ progress: { done: 0, total: 0 }, problem: '' });
    const take = (news: CheckNews): void => {
      if (own.signal.aborted) return;
      if ('check' in news) setCheck({ found: news.check, problem: '' });
      else if ('error' in news) setCheck({ problem: news.error });
      else setCheck({ progress: news, problem: '' });
    };
    tellCheck(folder, take, own.signal).catch((error: Error) => take({ error: error.message }));
  };
  return { ...check, start, stop };
}
