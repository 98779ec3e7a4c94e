import { errorMessage } from '../src/errors.js';
import { differenceOfLogits } from './agreement.js';
import { alternate, fastest, type Timing, type WarmedUp, warmUp } from './alternate.js';
import { type Candidate, startOurs, startPyTorch } from './candidate.js';
import type { Mode, Precision, PyTorchVariant, Workload } from './protocol.js';
import { imagesPerSecond, type Rounds, type Spread, speedRatio } from './statistics.js';

/** A model in one mode, to be compared in some precisions. */
export interface Case extends Timing {
  readonly label: string;
  readonly workload: Omit<Workload, 'precision'>;
  readonly precisions: readonly Precision[];
  readonly engine: string;
  /** Who takes part. */
  readonly sides: { readonly ours: boolean; readonly pytorch: boolean };
  /** Whether PyTorch's frozen trace takes part too, for a line of its own. */
  readonly frozen: boolean;
  /** Whether a memory format of PyTorch that is clearly slower in the warm-up is not timed further. Default false. */
  readonly choosesEarly?: boolean | undefined;
  /** In f32 evaluation: whether the logits of both sides are compared, too. Default false. */
  readonly compares?: boolean | undefined;
}

/** One side's figures. */
export interface Measured extends Pick<Candidate, 'side' | 'precision' | 'frozen' | 'variant' | 'version'> {
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
  /** The greatest difference of logits, as a share of PyTorch's greatest, where they were compared. */
  readonly difference?: number | undefined;
}

type Start = () => Promise<Candidate>;

/** A candidate after its warm-up. */
export interface Ready extends WarmedUp {
  readonly candidate: Candidate;
}

/** Runs a case: every candidate in its own process, timed in turn. */
export async function runCase(one: Case, progress: (text: string) => void): Promise<CaseResult> {
  const name = `${one.label} ${one.workload.mode}`;
  const failures: string[] = [];
  const started: Candidate[] = [];
  const warm: Ready[] = [];
  try {
    for (const [what, start] of starts(one)) {
      progress(`${name}: starting ${what}`);
      try {
        const candidate = await start();
        started.push(candidate);
        warm.push({ candidate, ...(await warmUp(candidate, one.steps)) });
      } catch (error) {
        failures.push(`${name}, ${what}: ${errorMessage(error)}`);
      }
    }
    const ready = one.choosesEarly ? withoutSlower(warm) : warm;
    progress(`${name}: ${one.rounds} rounds of ${ready.length} candidates`);
    const results = await alternate(ready, one.rounds);
    const sides = await Promise.all(ready.map(({ candidate }, i) => measure(candidate, results[i]!)));
    const difference = one.compares
      ? await differenceOfLogits(ready.map(({ candidate }) => candidate))
      : undefined;
    return { comparisons: compare(one, sides), failures, difference };
  } finally {
    await Promise.all(started.map((candidate) => candidate.close()));
  }
}

/** How much slower than the fastest of its kind a candidate's warm-up is, if it is not timed further. */
const CLEARLY_SLOWER = 1.15;

/** Without those of PyTorch that are clearly slower than another of the same precision. */
export function withoutSlower<
  Entrant extends Pick<Ready, 'seconds'> & { candidate: Pick<Candidate, 'side' | 'precision' | 'frozen'> },
>(entrants: readonly Entrant[]): Entrant[] {
  const kindOf = ({ candidate: { side, precision, frozen } }: Entrant): string =>
    [side, precision, frozen].join();
  return entrants.filter((one) => {
    const same = entrants.filter((other) => kindOf(other) === kindOf(one));
    return one.seconds <= CLEARLY_SLOWER * Math.min(...same.map(({ seconds }) => seconds));
  });
}

/** The candidates of a case. Where ours is bf16, PyTorch's default precision, f32, takes part too. */
function starts(one: Case): [string, Start][] {
  const ours = one.precisions.map((precision): [string, Start] => [
    `ours ${one.engine} ${precision}`,
    () => startOurs({ ...one.workload, precision }, one.engine),
  ]);
  const theirs = new Set<Precision>(['f32', ...one.precisions]);
  const pytorch = [...theirs].flatMap((precision) =>
    variants(one.frozen).map((variant): [string, Start] => [
      `PyTorch ${precision} ${variant.layout}${variant.frozen ? ' frozen' : ''}`,
      () => startPyTorch({ ...one.workload, precision }, variant),
    ]),
  );
  return [...(one.sides.ours ? ours : []), ...(one.sides.pytorch ? pytorch : [])];
}

function variants(frozen: boolean): PyTorchVariant[] {
  return (frozen ? [false, true] : [false]).flatMap((frozen) => [
    { layout: 'contiguous', frozen },
    { layout: 'channels_last', frozen },
  ]);
}

async function measure(candidate: Candidate, seconds: Rounds): Promise<Measured> {
  const { side, precision, frozen, variant, version } = candidate;
  const speed = imagesPerSecond(seconds, candidate.imagesPerStep);
  const peakBytes = await candidate.peakBytes();
  return { side, precision, frozen, variant, version, imagesPerSecond: speed, peakBytes, seconds };
}

const KINDS = [
  ['f32', false],
  ['f32', true],
  ['bf16', false],
  ['bf16', true],
] as const;

/** Each of ours beside PyTorch's faster layout in the same precision, eager and frozen; bf16 also beside its f32. */
export function compare(one: Pick<Case, 'label' | 'workload'>, all: readonly Measured[]): Comparison[] {
  const { mode, batch, threads } = one.workload;
  const base = { model: one.label, mode, batch, threads };
  const theirs = KINDS.flatMap(([precision, frozen]) => {
    const same = all.filter((x) => x.side === 'pytorch' && x.precision === precision && x.frozen === frozen);
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
