import { useEffect, useState } from 'preact/hooks';
import { errorMessage } from '../../../errors.js';
import { isTraining, onOtherTab, trainAlone, untilNoneTrains } from './oneTab.js';
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
  /** Whether another tab trains: meanwhile nothing is shown, and nothing can be started. */
  readonly isElsewhere: boolean;
  readonly start: (job: TrainingJob) => void;
  /** Goes on from the last checkpoint. */
  readonly resume: () => void;
  readonly stop: () => void;
}

/** What the panel shows. */
type State = Pick<Training, 'shown' | 'isElsewhere'>;

/** The session of the page, which goes on while other panels are shown. */
let session: TrainingSession | undefined;
let current: State = { shown: undefined, isElsewhere: false };
let show: ((state: State) => void) | undefined;

function set(shown: ShownTraining | undefined, isElsewhere = false): void {
  current = { shown, isElsewhere };
  show?.(current);
}

async function run(request: Omit<TrainingRequest, 'runtime'>, shown: ShownTraining): Promise<void> {
  if (session) return;
  const isAlone = await trainAlone(() => train(request, shown));
  if (!isAlone) await look();
}

async function train(request: Omit<TrainingRequest, 'runtime'>, shown: ShownTraining): Promise<void> {
  const own = new TrainingSession();
  session = own;
  set(shown);
  try {
    await own.run(request, (news) => set(withNews(current.shown!, news)));
  } catch (error) {
    set({ ...current.shown!, phase: 'stopped', status: 'Stopped.', problem: errorMessage(error) });
  } finally {
    session = undefined;
  }
}

/** Shows what the browser has kept, as soon as no other tab trains. */
async function look(): Promise<void> {
  if (session || current.isElsewhere) return;
  const { shown } = current;
  const isElsewhere = await isTraining();
  if (session || (!isElsewhere && shown)) return;
  if (isElsewhere) {
    set(undefined, true);
    await untilNoneTrains();
  }
  // A browser that stores nothing has kept nothing.
  const kept = await loadTraining().catch(() => undefined);
  if (!session) set(kept ? keptTraining(kept) : shown);
}

/** The page's training; the last one that the browser has kept, at first. */
export function useTraining(): Training {
  const [state, setState] = useState(current);
  useEffect(() => {
    show = setState;
    setState(current);
    onOtherTab(() => void look());
    void look();
    return () => {
      show = undefined;
    };
  }, []);
  const resume = (): void => {
    const { job, last, epochs } = current.shown!;
    void run({ job, ...(last && { from: { bytes: last, epochs } }) }, startedTraining(job, current.shown));
  };
  const stop = (): void => {
    set({ ...current.shown!, phase: 'stopping' });
    session?.stop().catch(() => undefined);
  };
  const { shown } = state;
  const isRunning = shown !== undefined && !['stopped', 'complete'].includes(shown.phase);
  return { ...state, isRunning, start: (job) => void run({ job }, startedTraining(job)), resume, stop };
}
