import { useEffect, useRef, useState } from 'preact/hooks';
import { errorMessage } from '../../../errors.js';
import type { TrainingJob } from './plan.js';
import { TrainingSession } from './session.js';
import { loadTraining } from './store.js';
import type { TrainingRequest } from './trainingCalls.js';
import { keptTraining, type ShownTraining, startedTraining, withNews } from './trainingState.js';

/** The page's training, and what can be done with it. */
export interface Training {
  /** Undefined before the first, and while it is read from the browser's storage. */
  readonly shown: ShownTraining | undefined;
  readonly isRunning: boolean;
  readonly start: (job: TrainingJob) => void;
  /** Goes on from the last checkpoint. */
  readonly resume: () => void;
  readonly stop: () => void;
}

/** The session of the page, which goes on while other panels are shown. */
let session: TrainingSession | undefined;
let current: ShownTraining | undefined;
let show: ((training: ShownTraining | undefined) => void) | undefined;

function set(training: ShownTraining): void {
  current = training;
  show?.(training);
}

async function run(request: Omit<TrainingRequest, 'runtime'>, shown: ShownTraining): Promise<void> {
  const own = new TrainingSession();
  session = own;
  set(shown);
  try {
    await own.run(request, (news) => set(withNews(current!, news)));
  } catch (error) {
    set({ ...current!, phase: 'stopped', status: 'Stopped.', problem: errorMessage(error) });
  } finally {
    session = undefined;
  }
}

/** The page's training; the last one that the browser has kept, at first. */
export function useTraining(): Training {
  const [shown, setShown] = useState(current);
  const isLeft = useRef(false);
  useEffect(() => {
    show = setShown;
    setShown(current);
    if (current === undefined)
      loadTraining().then(
        (kept) => kept && current === undefined && !isLeft.current && set(keptTraining(kept)),
        // A browser that stores nothing has kept nothing.
        () => undefined,
      );
    return () => {
      isLeft.current = true;
      show = undefined;
    };
  }, []);
  const resume = (): void => {
    const { job, last, epochs } = current!;
    void run({ job, ...(last && { from: { bytes: last, epochs } }) }, startedTraining(job, current));
  };
  const stop = (): void => {
    set({ ...current!, phase: 'stopping' });
    session?.stop().catch(() => undefined);
  };
  const isRunning = shown !== undefined && !['stopped', 'complete'].includes(shown.phase);
  return { shown, isRunning, start: (job) => void run({ job }, startedTraining(job)), resume, stop };
}
