import { type MachinePeaks, type ProfileEntry, TYPESCRIPT } from '../engines/engine.js';
import type { Phase } from '../graph/phase.js';
import { type Bound, boundOf, rooflineTime, shareOfPeak, type Work } from './roofline.js';

/** Totals of some primitives of a step. */
export interface ProfileTotals {
  /** How many primitives. */
  readonly count: number;
  readonly milliseconds: number;
  /** Of the time of all primitives of the step, 0 to 1. */
  readonly shareOfStep: number;
  readonly flops: number;
  readonly bytes: number;
  /**
   * The roofline's time ÷ the measured time: how close this is to the machine's peak. At most 1, except for
   * single primitives, whose tensors may have been in a cache.
   */
  readonly shareOfPeak: number;
  /** Which peak that is, for most of the time. */
  readonly bound: Bound;
  /** Milliseconds that the primitives took beyond the roofline's. */
  readonly lostMilliseconds: number;
}

/** All primitives of one operation and implementation. */
export interface ProfileGroup extends ProfileTotals {
  readonly operation: string;
  readonly implementation: string;
}

/** All primitives of a phase of a training step. */
export interface PhaseTotals extends ProfileTotals {
  readonly phase: Phase;
}

/** A primitive's entry with derived figures. */
export interface ProfiledPrimitive extends ProfileTotals, ProfileEntry {
  readonly milliseconds: number;
  readonly flops: number;
  readonly bytes: number;
}

/** Where a step's time goes. */
export interface ProfileSummary extends ProfileTotals {
  /** In the order of a step; empty where the phases are not known. */
  readonly phases: readonly PhaseTotals[];
  /** Primitives that are computed in TypeScript. */
  readonly inTypeScript: ProfileTotals;
  /** From the longest to the shortest. */
  readonly groups: readonly ProfileGroup[];
  /** From the longest to the shortest. */
  readonly primitives: readonly ProfiledPrimitive[];
}

/** Phases in the order of a step. */
export const PHASES: readonly Phase[] = ['forward', 'backward', 'update'];

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}

/** Totals of some of a step's primitives, which took `stepMilliseconds` together. */
export function totalsOf(
  works: readonly Work[],
  stepMilliseconds: number,
  peaks: MachinePeaks,
): ProfileTotals {
  const milliseconds = sumOf(works, (work) => work.milliseconds);
  const computed = works.filter((work) => boundOf(work, peaks) === 'compute');
  const atPeak = rooflineTime(works, peaks);
  return {
    count: works.length,
    milliseconds,
    shareOfStep: stepMilliseconds > 0 ? milliseconds / stepMilliseconds : 0,
    flops: sumOf(works, ({ flops }) => flops),
    bytes: sumOf(works, ({ bytes }) => bytes),
    shareOfPeak: milliseconds > 0 ? atPeak / milliseconds : 0,
    bound: sumOf(computed, (work) => work.milliseconds) * 2 > milliseconds ? 'compute' : 'memory',
    lostMilliseconds: milliseconds - atPeak,
  };
}

/** Groups items by a key, the groups in the order in which their keys come first. */
export function groupBy<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return [...groups.values()];
}

function longestFirst<T extends { readonly milliseconds: number }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Adds up a profile's entries: by phase, by operation and implementation, and in all. */
export function summarise(entries: readonly ProfileEntry[], peaks: MachinePeaks): ProfileSummary {
  const whole = sumOf(entries, ({ milliseconds }) => milliseconds);
  const totals = (works: readonly Work[]): ProfileTotals => totalsOf(works, whole, peaks);
  const groups = groupBy(entries, ({ operation, implementation }) => `${operation}\n${implementation}`);
  const phases = PHASES.flatMap((phase) => {
    const inPhase = entries.filter((entry) => entry.phase === phase);
    return inPhase.length > 0 ? [{ phase, ...totals(inPhase) }] : [];
  });
  return {
    ...totals(entries),
    phases,
    inTypeScript: totals(entries.filter(({ implementation }) => implementation === TYPESCRIPT)),
    groups: longestFirst(
      groups.map((group) => {
        const { operation, implementation } = group[0]!;
        return { operation, implementation, ...totals(group) };
      }),
    ),
    primitives: longestFirst(
      entries.map((entry) => ({ ...totals([entry]), ...entry, shareOfPeak: shareOfPeak(entry, peaks) })),
    ),
  };
}
