import type { EpochFigures, TrainingNews } from './news.js';
import type { TrainingJob } from './plan.js';
import type { StoredTraining } from './storedTraining.js';

/** What the page shows of a training. */
export interface ShownTraining {
  readonly job: TrainingJob;
  readonly phase: 'starting' | 'training' | 'stopping' | 'stopped' | 'complete';
  /** What computes: `ONNX Runtime Web …`; empty before it has started. */
  readonly engine: string;
  readonly epochs: readonly EpochFigures[];
  /** Losses of steps since the page was opened, with their numbers from 1. */
  readonly steps: { readonly numbers: readonly number[]; readonly losses: readonly number[] };
  /** Where it is now, in words. */
  readonly status: string;
  /** Checkpoints' bytes. */
  readonly last?: Uint8Array | undefined;
  readonly best?: Uint8Array | undefined;
  readonly notice: string;
  /** Why it ended, in a sentence; empty if nothing is wrong. */
  readonly problem: string;
}

/** Steps whose losses are shown, at most; beyond them every second is left out. */
const MOST_STEPS = 1000;

/** A training that is being started, or resumed. */
export function startedTraining(job: TrainingJob, before?: ShownTraining): ShownTraining {
  return {
    ...(before ?? { epochs: [], steps: { numbers: [], losses: [] } }),
    ...{ job, phase: 'starting', engine: '', status: 'Starting …', notice: '', problem: '' },
  };
}

/** A training that the browser has kept. */
export function keptTraining({ job, last, best, epochs }: StoredTraining): ShownTraining {
  const isComplete = epochs.length >= job.plan.epochs;
  return {
    ...startedTraining(job),
    ...{ last, best, epochs },
    phase: isComplete ? 'complete' : 'stopped',
    status: isComplete ? completeText(epochs) : `Stopped in epoch ${epochs.length + 1}.`,
  };
}

/** The training after news. */
export function withNews(before: ShownTraining, news: readonly TrainingNews[]): ShownTraining {
  return news.reduce(withOne, before);
}

function withOne(before: ShownTraining, news: TrainingNews): ShownTraining {
  if (news.kind === 'notice') return { ...before, notice: news.text };
  if (news.kind === 'saved') return { ...before, [news.which]: news.bytes };
  return withEvent(before, news.event);
}

function withEvent(
  before: ShownTraining,
  event: Extract<TrainingNews, { readonly kind: 'event' }>['event'],
): ShownTraining {
  const phase = before.phase === 'stopping' ? 'stopping' : 'training';
  const of = `of ${before.job.plan.epochs}`;
  switch (event.event) {
    case 'start':
      return { ...before, phase, engine: event.engine, status: 'Compiling the first step …' };
    case 'step': {
      const status = `Epoch ${event.epoch + 1} ${of}, step ${event.step}: loss ${event.meanLoss.toFixed(3)}, ${event.imagesPerSecond.toFixed(0)} images per second.`;
      return { ...before, phase, steps: withStep(before.steps, event.globalStep, event.loss), status };
    }
    case 'evaluation':
      return {
        ...before,
        status: `Epoch ${event.epoch + 1} ${of}: testing, ${event.images} of ${event.total} images.`,
      };
    case 'epoch':
      return { ...before, epochs: [...before.epochs, event], notice: brokenText(event) ?? before.notice };
    case 'interrupted':
      return { ...before, phase: 'stopped', status: `Stopped in epoch ${event.epoch + 1}.` };
    case 'result':
      return { ...before, phase: 'complete', status: completeText(before.epochs) };
    case 'length':
    case 'threads':
    case 'checkpoint':
    case 'earlyStop':
      return before;
  }
}

/** What is to be said of an epoch whose evaluation was not finite; the page ends the sentence. */
function brokenText({ epoch, test }: EpochFigures): string | undefined {
  if (test.notFinite === undefined) return undefined;
  return (
    `The logits of ${test.notFinite} of ${test.images} test images were not finite after epoch ${epoch + 1}, and count as wrong: ` +
    'try a lower learning rate'
  );
}

function completeText(epochs: readonly EpochFigures[]): string {
  const best = Math.max(...epochs.map(({ test }) => test.top1));
  return `Complete: best top-1 ${best.toFixed(1)}% of the test images.`;
}

function withStep(
  { numbers, losses }: ShownTraining['steps'],
  number: number,
  loss: number,
): ShownTraining['steps'] {
  const half = <T>(all: readonly T[]): readonly T[] =>
    all.length < MOST_STEPS ? all : all.filter((_, i) => i % 2 === 1);
  return { numbers: [...half(numbers), number], losses: [...half(losses), loss] };
}
