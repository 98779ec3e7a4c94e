import { DnnlError } from '../dnnl.js';
import { DnnlExecutable, type Native } from '../executable.js';
import type { WaySettings } from '../ways/candidates.js';
import { type Convolution, type ConvWay, nameOfWay } from '../ways/way.js';
import { trialPlan } from './trialPlan.js';

/** A way is run for about so long, in milliseconds, and at least {@link LEAST_RUNS} times. */
const MILLISECONDS = 12;
const LEAST_RUNS = 3;
const MOST_RUNS = 30;

/** A way that takes so many times as long as the best, or at first, in new memory, so many times, is not run again. */
const HOPELESS = 1.5;
const HOPELESS_AT_FIRST = 4;

/** A way is taken in place of the rules' where it is faster by so much: times of the same code differ by as much. */
const WORTHWHILE = 1.03;

const NO_RANDOM_NUMBERS = { seed: 0, step: 0 };

/** A way, and the least time that it took, in milliseconds. */
export interface TimedWay {
  readonly way: ConvWay;
  readonly milliseconds: number;
}

/**
 * The fastest of some ways. The rules' is timed first: it is the fastest as a rule, and what is hopeless beside it is left
 * soon. One that is not the rules' is timed once more beside it, somewhat later: another process may have disturbed the first
 * measurement, and the choice is kept.
 *
 * @param rule the way that rules choose
 * @param time gives the ways that work, the fastest first
 * @returns undefined where none works
 */
export function fastestWay(
  ways: readonly ConvWay[],
  rule: ConvWay,
  time: (ways: readonly ConvWay[]) => readonly TimedWay[],
): ConvWay | undefined {
  const isSame = (a: ConvWay, b: ConvWay): boolean => nameOfWay(a) === nameOfWay(b);
  const timed = time([rule, ...ways.filter((way) => !isSame(way, rule))]);
  const best = timed[0]?.way;
  if (best === undefined || isSame(best, rule)) return best;
  const all = [...timed, ...time([rule, best])];
  const least = (wanted: ConvWay): number =>
    Math.min(...all.filter(({ way }) => isSame(way, wanted)).map(({ milliseconds }) => milliseconds));
  return WORTHWHILE * least(best) < least(rule) ? best : rule;
}

/**
 * Times ways to compute a convolution, each with the changes of layout that it needs.
 *
 * @returns the ways that work, the fastest first
 */
export function timeWays(
  native: Native,
  settings: WaySettings,
  convolution: Convolution,
  ways: readonly ConvWay[],
): TimedWay[] {
  let best = Number.POSITIVE_INFINITY;
  const timed = ways.flatMap((way): TimedWay[] => {
    const milliseconds = timeWay(native, settings, convolution, way, best);
    if (milliseconds === undefined) return [];
    best = Math.min(best, milliseconds);
    return [{ way, milliseconds }];
  });
  return timed.sort((a, b) => a.milliseconds - b.milliseconds);
}

/** The least time of several runs, of which the first, in new memory, does not count; undefined where the library cannot. */
function timeWay(
  native: Native,
  settings: WaySettings,
  convolution: Convolution,
  way: ConvWay,
  best: number,
): number | undefined {
  let executable: DnnlExecutable;
  try {
    const plan = trialPlan(native.dnnl, settings, convolution, way);
    executable = new DnnlExecutable(native, plan, () => {
      throw new Error('a trial has no variables');
    });
  } catch (error) {
    if (error instanceof DnnlError) return undefined;
    throw error;
  }
  const once = (): number => {
    const begin = performance.now();
    executable.run({}, NO_RANDOM_NUMBERS);
    return performance.now() - begin;
  };
  try {
    // Operands that nothing has written would be read from a cache, however large they are.
    executable.supplyMemory();
    const first = once();
    if (first > HOPELESS_AT_FIRST * best) return first;
    let least = once();
    let total = least;
    for (let runs = 1; runs < MOST_RUNS && (runs < LEAST_RUNS || total < MILLISECONDS); runs++) {
      if (least > HOPELESS * best) break;
      const time = once();
      total += time;
      least = Math.min(least, time);
    }
    return least;
  } finally {
    executable.close();
  }
}
