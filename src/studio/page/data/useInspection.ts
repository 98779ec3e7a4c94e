import { useEffect, useRef, useState } from 'preact/hooks';
import type { InspectionFigures } from '../../dataApi.js';
import { type InspectionChoice, tellInspect } from './dataCalls.js';

/** What a run's model says of images. */
export interface Inspection {
  readonly figures?: InspectionFigures | undefined;
  readonly isWaiting: boolean;
  /** Why there are no figures, in a sentence; empty if nothing went wrong. */
  readonly problem: string;
}

/** An evaluation that is started and stopped, and ends when it is left. */
export function useInspection(): Inspection & {
  readonly start: (choice: InspectionChoice) => void;
  readonly stop: () => void;
} {
  const [inspection, setInspection] = useState<Inspection>({ isWaiting: false, problem: '' });
  const leaving = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => leaving.current?.abort(), []);
  const stop = (): void => {
    leaving.current?.abort();
    setInspection({ isWaiting: false, problem: '' });
  };
  const start = (choice: InspectionChoice): void => {
    const own = new AbortController();
    leaving.current = own;
    setInspection({ isWaiting: true, problem: '' });
    tellInspect(choice, own.signal).then(
      (figures) => setInspection({ figures, isWaiting: false, problem: '' }),
      (error: Error) => {
        if (!own.signal.aborted) setInspection({ isWaiting: false, problem: error.message });
      },
    );
  };
  return { ...inspection, start, stop };
}
