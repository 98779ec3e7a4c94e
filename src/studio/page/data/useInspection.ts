import { useEffect, useState } from 'preact/hooks';
import type { InspectionFigures } from '../../dataApi.js';
import { type InspectionChoice, tellInspect } from './dataCalls.js';
import { useKept } from './useKept.js';

/** What a run's model says of images. */
export interface Inspection {
  readonly figures?: InspectionFigures | undefined;
  /** When they were found. */
  readonly at?: Date | undefined;
  readonly isWaiting: boolean;
  /** Why there are no figures, in a sentence; empty if nothing went wrong. */
  readonly problem: string;
}

/** An evaluation of a chosen run and part, which can be started and stopped. */
export interface ChosenInspection extends Inspection {
  readonly choice: InspectionChoice;
  readonly choose: (choice: InspectionChoice) => void;
  readonly start: () => void;
  readonly stop: () => void;
}

const NOTHING: Inspection = { isWaiting: false, problem: '' };

/** The page's evaluations by run and part. They go on while other panels are shown, and are kept until the page is closed. */
const inspections = new Map<string, Inspection>();
const running = new Map<string, AbortController>();
/** What was chosen last, by folder. */
const choices = new Map<string, InspectionChoice>();
let show: (() => void) | undefined;

function keyOf({ run, part }: InspectionChoice): string {
  return JSON.stringify([run, part]);
}

function set(key: string, inspection: Inspection): void {
  inspections.set(key, inspection);
  show?.();
}

async function evaluate(choice: InspectionChoice): Promise<void> {
  const key = keyOf(choice);
  const own = new AbortController();
  running.set(key, own);
  set(key, { isWaiting: true, problem: '' });
  try {
    const figures = await tellInspect(choice, own.signal);
    set(key, { figures, at: new Date(), isWaiting: false, problem: '' });
  } catch (error) {
    if (!own.signal.aborted) set(key, { isWaiting: false, problem: (error as Error).message });
  }
}

/** The evaluation that was chosen last for a folder. @param runs that were trained on it, the newest first */
export function useInspection(folder: string, runs: readonly string[]): ChosenInspection {
  const [, setChanges] = useState(0);
  useEffect(() => {
    show = () => setChanges((count) => count + 1);
    return () => {
      show = undefined;
    };
  }, []);
  const first = { run: runs[0] ?? '', part: 'val', images: '2000' };
  const [kept, choose] = useKept(choices, folder, first);
  const choice = runs.includes(kept.run) ? kept : first;
  const key = keyOf(choice);
  const stop = (): void => {
    running.get(key)?.abort();
    set(key, NOTHING);
  };
  const start = (): void => void evaluate(choice);
  return { ...(inspections.get(key) ?? NOTHING), choice, choose, start, stop };
}
