import { useEffect, useState } from 'preact/hooks';
import type { DataOverview, MarkRequest } from '../../dataApi.js';
import { askOverview, tellMarks } from './dataCalls.js';

/** A folder as the studio says that it is. */
export interface OpenFolder {
  /** Undefined before the first answer, and if there is none. */
  readonly overview: DataOverview | undefined;
  /** What went wrong, in a sentence; empty if nothing did. */
  readonly problem: string;
  /** Looks at the folder again. */
  readonly reload: () => void;
  /** Marks images to be left out, or takes their marks away. */
  readonly mark: (request: MarkRequest) => void;
}

/** Looks at a folder. @param folder empty: at none */
export function useDataFolder(folder: string): OpenFolder {
  const [overview, setOverview] = useState<DataOverview>();
  const [problem, setProblem] = useState('');
  const [looks, setLooks] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    setOverview(undefined);
    setProblem('');
    if (folder === '') return undefined;
    askOverview(folder, leaving.signal).then(setOverview, (error: Error) => {
      if (!leaving.signal.aborted) setProblem(error.message);
    });
    return () => leaving.abort();
  }, [folder, looks]);
  const mark = (request: MarkRequest): void => {
    setProblem('');
    tellMarks(folder, request).then(
      (marked) => marked && setOverview((before) => before && { ...before, marked }),
      (error: Error) => setProblem(error.message),
    );
  };
  return { overview, problem, mark, reload: () => setLooks(looks + 1) };
}
