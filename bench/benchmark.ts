import { errorMessage } from '../src/errors.js';
import { differenceOfLogits } from './agreement.js';
import { alternate, fastest, type Timing, type WarmedUp, warmUp } from './alternate.js';
import { type Candidate, startOurs, startPyTorch, variantText } from './candidate.js';
import { type Contest, contendersOf, withChances } from './contenders.js';
import type { Mode, Precision, Workload } from './protocol.js';
import { imagesPerSecond, type Rounds, type Spread, speedRatio } from './statistics.js';

/** A model in one mode, to be compared in some precisions. */
export interface Case extends Timing, Contest {
  readonly label: string;
  readonly workload: Omit<Workload, 'precision'>;
  readonly engine: string;
  /** Whether our side takes part. */
  readonly ours: boolean;
  /** In f32 evaluation: whether the logits of both sides are compared, too. Default false. */
  readonly compares?: boolean | undefined;
}

/** One side's figures. */
export interface Measured
  extends Pick<Candidate, 'side' | 'precision' | 'contender' | 'variant' | 'version'> {
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
  /** The fastest of PyTorch's interpreters. */
  readonly pytorch?: Measured | undefined;
  /** The other interpreters' fastest ways. */
  readonly slower?: readonly Measured[];
  /** Ours over PyTorch's, in images a second. */
  readonly ratio?: Spread | undefined;
}

/** What a case came to. */
export interface CaseResult {
  readonly comparisons: readonly Comparison[];
  /** Sentences on what could not be run. */
  readonly failures: readonly string[];
  /** The greatest difference of logits, as a share of PyTorch's greatest, where they were compared. */
  readonly difference?: number | undefined;
}

/** A candidate after its warm-up. */
interface Entrant extends WarmedUp {
  readonly candidate: Candidate;
}

/** Runs a case: every candidate in its own process, timed in turn. */
export async function runCase(one: Case, progress: (text: string) => void): Promise<CaseResult> {
  const name = `${one.label} ${one.workload.mode}`;
  const failures: string[] = [];
  let ready: Entrant[] = [];
  try {
    for (const [what, start] of starts(one)) {
      progress(`${name}: starting ${what}`);
      try {
        ready.push(await warm(await start(), one.steps));
      } catch (error) {
        failures.push(`${name}, ${what}: ${errorMessage(error)}`);
      }
      ready = await withoutLosers(ready, one);
    }
    progress(`${name}: ${one.rounds} rounds of ${ready.length} candidates`);
    const results = await alternate(ready, one.rounds);
    const sides = await Promise.all(ready.map(({ candidate }, i) => measure(candidate, results[i]!)));
    const difference = one.compares
      ? await differenceOfLogits(ready.map(({ candidate }) => candidate))
      : undefined;
    return { comparisons: compare(one, sides), failures, difference };
  } finally {
    await Promise.all(ready.map(({ candidate }) => candidate.close()));
  }
}

async function warm(candidate: Candidate, steps: number | undefined): Promise<Entrant> {
  try {
    return { candidate, ...(await warmUp(candidate, steps)) };
  } catch (error) {
    await candidate.close();
    throw error;
  }
}

/** Ends those of PyTorch's ways that another has clearly beaten in the warm-up, which saves their rounds and memory. */
async function withoutLosers(entrants: readonly Entrant[], { lines }: Case): Promise<Entrant[]> {
  const warm = entrants.flatMap(({ candidate, seconds }) =>
    candidate.contender ? { ...candidate.contender, seconds, candidate } : [],
  );
  const stay = new Set(withChances(warm, lines).map(({ candidate }) => candidate));
  const stays = ({ candidate }: Entrant): boolean => candidate.side === 'ours' || stay.has(candidate);
  await Promise.all(entrants.filter((one) => !stays(one)).map(({ candidate }) => candidate.close()));
  return entrants.filter(stays);
}

function starts(one: Case): [string, () => Promise<Candidate>][] {
  const ours = one.precisions.map((precision): [string, () => Promise<Candidate>] => [
    `ours ${one.engine} ${precision}`,
    () => startOurs({ ...one.workload, precision }, one.engine),
  ]);
  const theirs = contendersOf(one).map((contender): [string, () => Promise<Candidate>] => [
    `PyTorch of ${contender.python} ${contender.precision} ${variantText(contender)}`,
    () => startPyTorch(one.workload, contender),
  ]);
  return [...(one.ours ? ours : []), ...theirs];
}

async function measure(candidate: Candidate, seconds: Rounds): Promise<Measured> {
  const { side, precision, contender, variant, version } = candidate;
  const speed = imagesPerSecond(seconds, candidate.imagesPerStep);
  const peakBytes = await candidate.peakBytes();
  return { side, precision, contender, variant, version, imagesPerSecond: speed, peakBytes, seconds };
}

/** PyTorch's fastest way of a precision and line, and the fastest of the other interpreters. */
interface Peers {
  readonly precision: Precision;
  readonly pytorch: Measured;
  readonly slower: readonly Measured[];
}

/**
 * Each of ours beside the fastest of PyTorch in the same precision, for each line of ways; bf16 also beside PyTorch's f32.
 */
export function compare(
  one: Pick<Case, 'label' | 'workload' | 'lines'>,
  all: readonly Measured[],
): Comparison[] {
  const { mode, batch, threads } = one.workload;
  const base = { model: one.label, mode, batch, threads };
  const theirs = (['f32', 'bf16'] as const).flatMap((precision) =>
    one.lines.flatMap((line) => {
      const same = all.filter(
        (each) => each.precision === precision && each.contender && line.includes(each.contender.way),
      );
      return peersOf(precision, same);
    }),
  );
  const ours = all.filter(({ side }) => side === 'ours');
  if (ours.length === 0) return theirs.map(({ pytorch, slower }) => ({ ...base, pytorch, slower }));
  return ours.flatMap((own): Comparison[] => {
    const against = theirs.filter(({ precision }) => own.precision === 'bf16' || precision === 'f32');
    if (against.length === 0) return [{ ...base, ours: own }];
    return against.map(({ pytorch, slower }) => {
      const ratio = speedRatio(own.seconds, pytorch.seconds);
      return { ...base, ours: own, pytorch, slower, ratio };
    });
  });
}

function peersOf(precision: Precision, measured: readonly Measured[]): Peers[] {
  const pythons = [...new Set(measured.map(({ contender }) => contender?.python))];
  const best = pythons.map((python) => quickest(measured.filter((one) => one.contender?.python === python)));
  if (best.length === 0) return [];
  const pytorch = quickest(best);
  return [{ precision, pytorch, slower: best.filter((one) => one !== pytorch) }];
}

function quickest(measured: readonly Measured[]): Measured {
  return measured[fastest(measured.map(({ seconds }) => seconds))]!;
}
