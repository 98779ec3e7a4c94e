import { NO_CACHE } from '../../../cacheFolder.js';
import type { Choices } from '../../cache/choices.js';
import type { LoadMeter } from '../../host/loadMeter.js';

/** Processors, of those that the engine computes on, which others may take before times are in doubt. */
const SLACK = 0.3;

/** Seconds that are looked at, at the least: a system counts in hundredths. */
const LEAST_SECONDS = 0.2;

/** Before the key of a way that was measured beside busy processes. */
const DOUBTFUL = 'disturbed ';

/** Says whether other processes take processors from an engine. */
export class Disturbance {
  private since: number;
  private last = false;

  /** @param threads that the engine computes with */
  constructor(
    private readonly meter: Pick<LoadMeter, 'processors' | 'now' | 'others'>,
    private readonly threads: number,
  ) {
    this.since = meter.now();
  }

  /** Whether they have done so since the last call; right after that, what was said then. */
  look(): boolean {
    const now = this.meter.now();
    if (now - this.since < LEAST_SECONDS) return this.last;
    this.since = now;
    const spare = Math.max(0, this.meter.processors - this.threads);
    this.last = this.meter.others() > spare + SLACK;
    return this.last;
  }
}

/** What was measured on this machine. Ways that were measured beside busy processes count only while it is busy. */
export class KeptWays {
  private isBusy: boolean | undefined;

  constructor(
    private readonly choices: Choices,
    private readonly disturbance: Pick<Disturbance, 'look'>,
  ) {}

  /** The name of a convolution's way; undefined where it is to be measured. */
  get(key: string): string | undefined {
    const sure = this.choices.get(key);
    const guess = this.choices.get(DOUBTFUL + key);
    if (sure !== undefined || guess === undefined) return sure;
    this.isBusy ??= this.disturbance.look();
    return this.isBusy ? guess : undefined;
  }

  /** Notes that measuring begins. */
  begin(): void {
    this.disturbance.look();
  }

  /**
   * Keeps the ways that were measured since {@link begin}.
   *
   * @returns what is to be said of it: that they could not be kept, or not for good as other processes were busy meanwhile
   */
  keep(ways: ReadonlyMap<string, string>): string | undefined {
    const isDisturbed = this.disturbance.look();
    const named = [...ways].map(([key, way]) => [isDisturbed ? DOUBTFUL + key : key, way] as const);
    if (!this.choices.setAll(named)) {
      const { folder } = this.choices;
      const why = folder === undefined ? `: ${NO_CACHE}` : ` in ${folder}`;
      return `could not be kept${why}; each start measures again`;
    }
    return isDisturbed ? 'beside busy processes: a quiet machine measures again' : undefined;
  }
}
