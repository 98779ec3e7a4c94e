import { useEffect, useState } from 'preact/hooks';
import type { VarianceFigures } from '../../api.js';
import { runQuery, tell } from '../client.js';

/** What the studio answered so far. */
export interface Variances {
  /** The last answer about this run; undefined before the first. */
  readonly figures?: VarianceFigures | undefined;
  readonly isWaiting: boolean;
  /** Why the model cannot be evaluated, in a sentence; empty if nothing is wrong. */
  readonly problem: string;
}

/** Evaluates a run's model on some test images. @param run empty: nothing is asked for */
export function useVariances(run: string, images: string): Variances {
  const [found, setFound] = useState<Variances & { readonly run: string }>({
    ...{ run: '', isWaiting: false, problem: '' },
  });
  useEffect(() => {
    if (run === '') return undefined;
    // The studio ends an evaluation that nobody waits for.
    const leaving = new AbortController();
    setFound((before) => ({
      ...{ run, isWaiting: true, problem: '' },
      figures: before.run === run ? before.figures : undefined,
    }));
    tell<VarianceFigures>(`api/model/variances?${runQuery(run)}&images=${images}`, {}, leaving.signal).then(
      (figures) => setFound({ run, figures, isWaiting: false, problem: '' }),
      (error: Error) => {
        if (!leaving.signal.aborted) setFound({ run, isWaiting: false, problem: error.message });
      },
    );
    return () => leaving.abort();
  }, [run, images]);
  return found;
}
