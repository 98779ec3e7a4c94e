import { join } from 'node:path';
import { launchedRanks } from '../../distributed/launcher.js';
import type { Engine } from '../../engines/engine.js';
import { type LoadMeter, SystemLoad } from '../../engines/host/loadMeter.js';
import { processorsAtHand } from '../../engines/host/processors.js';
import type { Checkpoint } from '../../train/learnerState.js';
import type { ThreadsSince } from '../../train/threads.js';
import { noticeEvent, type RunListener } from '../runEvents.js';
import type { TrainConfig } from '../trainConfig.js';
import { decidedThreads } from './decidedThreads.js';
import { RunThreads } from './runThreads.js';
import { threadsBeside } from './threadChooser.js';
import { readThreads, recordedAfter, THREADS_FILE } from './threadRecord.js';
import { othersText, threadsText } from './threadsText.js';

/** A run whose threads are decided. */
export interface ThreadedRun {
  readonly config: Pick<TrainConfig, 'threads'>;
  readonly checkpoint?: Checkpoint | undefined;
  /** Where its threads are recorded. Default: nowhere. */
  readonly folder?: string | undefined;
  /** Default: the system's. */
  readonly load?: LoadMeter | undefined;
  readonly onEvent?: RunListener | undefined;
}

/** The threads that a run starts with. */
export interface Start {
  /** Undefined: as configured, of a run on several ranks. */
  readonly threads: number | undefined;
  /** By which they change later; undefined: they don't. */
  readonly meter: LoadMeter | undefined;
  /** What there is to say of them. */
  readonly notice?: string | undefined;
}

/**
 * The threads that a run starts with: those that are configured, those of its checkpoint, or as many as other processes leave room for. A
 * quiet machine has all its processors at hand, so that two runs of the same settings have the same there.
 *
 * @throws UserError when `BIASLOSS_THREADS`, which stands for a number that isn't configured, is no number
 */
export async function startingThreads({ config, checkpoint, load }: ThreadedRun): Promise<Start> {
  if (launchedRanks().size > 1) return { threads: undefined, meter: undefined };
  const fixed = decidedThreads(config.threads);
  if (fixed !== undefined) return { threads: fixed, meter: undefined };
  const [most, meter] = [processorsAtHand(), load ?? new SystemLoad()];
  const kept = checkpoint?.training?.threads?.at(-1)?.threads;
  if (kept !== undefined) return { threads: Math.min(kept, most), meter };
  const { processors } = meter;
  const others = await meter.present();
  const threads = threadsBeside(others, { processors, most, threads: most });
  const notice =
    threads < most
      ? `${othersText((100 * others) / processors)}: starting with ${threadsText(threads)}`
      : undefined;
  return { threads, meter, notice };
}

/**
 * The threads of a run on an engine, never more than it computes with, which its folder records; undefined where the engine's are fixed.
 *
 * @throws UserError when the record is damaged or cannot be written
 */
export async function openRunThreads(
  engine: Pick<Engine, 'useThreads' | 'mostThreads'>,
  { threads: wanted, meter, notice }: Start,
  { checkpoint, folder, onEvent }: ThreadedRun,
): Promise<RunThreads | undefined> {
  if (!engine.useThreads || wanted === undefined) return undefined;
  const { mostThreads = Number.POSITIVE_INFINITY } = engine;
  const threads = Math.min(wanted, mostThreads);
  if (notice !== undefined) onEvent?.(noticeEvent('settings', () => notice));
  const step = checkpoint?.training?.progress.globalStep ?? 0;
  const before = checkpoint?.training?.threads ?? [];
  const isSame = before.at(-1)?.threads === threads;
  const history: readonly ThreadsSince[] = isSame ? before : [...before, { step, threads }];
  const file = folder === undefined ? undefined : join(folder, THREADS_FILE);
  const later =
    meter && file !== undefined && isSame ? recordedAfter(readThreads(file), { history, step }) : [];
  const most = Math.min(processorsAtHand(), mostThreads);
  const adapts = meter && { meter, most, isGuess: notice !== undefined };
  const run = new RunThreads({
    history,
    later: later.map((entry) => ({ ...entry, threads: Math.min(entry.threads, most) })),
    file,
    adapts,
  });
  await run.record();
  return run;
}
