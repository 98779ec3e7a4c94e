import { errorMessage } from '../src/errors.js';
import { alternate, fastest, type Timing, warmUp } from './alternate.js';
import { type Candidate, LAYOUTS, startOurs, startPyTorch } from './candidate.js';
import type { Mode, Precision, Workload } from './protocol.js';
import { imagesPerSecond, type Rounds, type Spread, speedRatio } from './statistics.js';

/** A model in one mode, to be compared in some precisions. */
export interface Case extends Timing {
  readonly label: string;
  readonly workload: Omit<Workload, 'precision'>;
  readonly precisions: readonly Precision[];
  readonly engine: string;
  /** Who takes part. */
  readonly sides: { readonly ours: boolean; readonly pytorch: boolean };
}

/** One side's figures. */
export interface Measured {
  readonly side: Candidate['side'];
  readonly precision: Precision;
  /** PyTorch's layout, or our engine. */
  readonly variant: string;
  readonly version: string;
  readonly imagesPerSecond: Spread;
  readonly peakBytes: number;
  /** Seconds of every step, by round. */
  readonly seconds: Rounds;
}

/** A line of the table: ours beside PyTorch, or one of them alone. */
export interface Comparison {
  readonly model: string;
  readonly mode: Mode;
  readonly batch: number;
  readonly threads: number;
  readonly ours?: Measured | undefined;
  readonly pytorch?: Measured | undefined;
  /** Ours over PyTorch's, in images a second. */
  readonly ratio?: Spread | undefined;
}

/** What a case came to. */
export interface CaseResult {
  readonly comparisons: readonly Comparison[];
  /** Sentences on what could not be run. */
  readonly failures: readonly string[];
}

type Start = () => Promise<Candidate>;

/** Runs a case: every candidate in its own process, timed in turn. */
export async function runCase(one: Case, progress: (text: string) => void): Promise<CaseResult> {
  const name = `${one.label} ${one.workload.mode}`;
  const failures: string[] = [];
  const started: Candidate[] = [];
  const ready: { candidate: Candidate; steps: number }[] = [];
  try {
    for (const [what, start] of starts(one)) {
      progress(`${name}: starting ${what}`);
      try {
        const candidate = await start();
        started.push(candidate);
        ready.push({ candidate, steps: await warmUp(candidate, one.steps) });
      } catch (error) {
        failures.push(`${name}, ${what}: ${errorMessage(error)}`);
      }
    }
    progress(`${name}: ${one.rounds} rounds of ${ready.length} candidates`);
    const results = await alternate(ready, one.rounds);
    const sides = await Promise.all(ready.map(({ candidate }, i) => measure(one, candidate, results[i]!)));
    return { comparisons: compare(one, sides), failures };
  } finally {
    await Promise.all(started.map((candidate) => candidate.close()));
  }
}

/** The candidates of a case. Where ours is bf16, PyTorch's default precision, f32, takes part too. */
function starts(one: Case): [string, Start][] {
  const ours = one.precisions.map((precision): [string, Start] => [
    `ours ${one.engine} ${precision}`,
    () => startOurs({ ...one.workload, precision }, one.engine),
  ]);
  const theirs = new Set<Precision>(['f32', ...one.precisions]);
  const pytorch = [...theirs].flatMap((precision) =>
    LAYOUTS.map((layout): [string, Start] => [
      `PyTorch ${precision} ${layout}`,
      () => startPyTorch({ ...one.workload, precision }, layout),
    ]),
  );
  return [...(one.sides.ours ? ours : []), ...(one.sides.pytorch ? pytorch : [])];
}

async function measure(one: Case, candidate: Candidate, seconds: Rounds): Promise<Measured> {
  const { side, precision, variant, version } = candidate;
  const speed = imagesPerSecond(seconds, one.workload.batch);
  const peakBytes = await candidate.peakBytes();
  return { side, precision, variant, version, imagesPerSecond: speed, peakBytes, seconds };
}

/** Each of ours beside PyTorch's fastest layout in the same precision; bf16 also beside PyTorch's f32. */
export function compare(one: Pick<Case, 'label' | 'workload'>, all: readonly Measured[]): Comparison[] {
  const { mode, batch, threads } = one.workload;
  const base = { model: one.label, mode, batch, threads };
  const theirs = (['f32', 'bf16'] as const).flatMap((precision) => {
    const same = all.filter((side) => side.side === 'pytorch' && side.precision === precision);
    return same.length > 0 ? [same[fastest(same.map(({ seconds }) => seconds))]!] : [];
  });
  const ours = all.filter(({ side }) => side === 'ours');
  if (ours.length === 0) return theirs.map((pytorch) => ({ ...base, pytorch }));
  return ours.flatMap((own): Comparison[] => {
    const against = theirs.filter(({ precision }) => own.precision === 'bf16' || precision === 'f32');
    if (against.length === 0) return [{ ...base, ours: own }];
    return against.map((pytorch) => {
      const ratio = speedRatio(own.seconds, pytorch.seconds);
      return { ...base, ours: own, pytorch, ratio };
    });
  });
}
