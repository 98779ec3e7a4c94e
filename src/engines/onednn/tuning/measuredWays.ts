import type { MeasuringListener } from '../../engine.js';
import type { Native } from '../executable.js';
import { candidates, type WaySettings } from '../ways/candidates.js';
import { Rules } from '../ways/rules.js';
import { type Convolution, type ConvWay, keyOf, nameOfWay, type Ways } from '../ways/way.js';
import type { KeptWays } from './keptWays.js';
import { fastestWay, timeWays } from './measure.js';

/** Measuring the convolutions of a program takes about so long at most, in milliseconds; rules choose for the rest. */
const BUDGET = 8000;

/** What the ways of a program's convolutions are chosen with. */
export interface MeasuredWaysSettings extends WaySettings {
  readonly native: Native;
  /** Ways of earlier programs and runs on this machine; undefined to measure nothing. */
  readonly kept: KeptWays | undefined;
  /** Choices that are taken whatever is measured, by key: those of the run that is resumed. */
  readonly pinned: ReadonlyMap<string, string>;
  /** Convolutions of the program, gradients among them. */
  readonly convolutions: number;
  /** Called before each measurement and after the last one. */
  readonly onMeasuring?: MeasuringListener | undefined;
}

/** The fastest way of each convolution: as it was chosen before, or else measured. */
export class MeasuredWays implements Ways {
  /** The names of the ways taken, by key. */
  readonly taken = new Map<string, string>();
  private readonly measured = new Map<string, string>();
  private readonly rules: Rules;
  private milliseconds = 0;
  private chosen = 0;

  constructor(private readonly settings: MeasuredWaysSettings) {
    this.rules = new Rules(settings);
  }

  choose(convolution: Convolution): ConvWay {
    const key = keyOf(convolution, this.settings.activation);
    const ways = candidates(this.settings, convolution);
    const way =
      this.known(key, ways) ?? this.fastest(key, convolution, ways) ?? this.rules.choose(convolution);
    this.taken.set(key, nameOfWay(way));
    this.chosen++;
    return way;
  }

  /** Keeps what was measured; says how many convolutions and how long, if any were, and where it could not be kept. */
  keep(): string | undefined {
    const { kept, convolutions } = this.settings;
    const count = this.measured.size;
    if (count === 0 || kept === undefined) return undefined;
    this.report(convolutions);
    const text = `${count} ${count === 1 ? 'convolution' : 'convolutions'} measured in ${(this.milliseconds / 1000).toFixed(1)} s`;
    const remark = kept.keep(this.measured);
    return remark === undefined ? text : `${text} ${remark}`;
  }

  private known(key: string, ways: readonly ConvWay[]): ConvWay | undefined {
    const { pinned, kept } = this.settings;
    const name = this.taken.get(key) ?? pinned.get(key) ?? kept?.get(key);
    return ways.find((way) => nameOfWay(way) === name);
  }

  private fastest(key: string, convolution: Convolution, ways: readonly ConvWay[]): ConvWay | undefined {
    const { native, kept } = this.settings;
    if (kept === undefined || this.milliseconds > BUDGET) return undefined;
    if (ways.length === 1) return ways[0];
    if (this.milliseconds === 0) kept.begin();
    this.report(this.chosen);
    const begin = performance.now();
    const best = fastestWay(ways, this.rules.choose(convolution), (some) =>
      timeWays(native, this.settings, convolution, some),
    );
    this.milliseconds += performance.now() - begin;
    if (best) this.measured.set(key, nameOfWay(best));
    return best;
  }

  private report(done: number): void {
    const { convolutions: total, onMeasuring } = this.settings;
    onMeasuring?.({ done, total });
  }
}
