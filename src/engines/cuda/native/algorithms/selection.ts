import type { Candidate } from './candidate.js';
import type { Choices } from './choices.js';
import type { Layout, PlanTimer } from './planTimer.js';

/**
 * Prepares the algorithms for a task, the one first that is likely to be the fastest.
 *
 * @param only the implementation of the one that is wanted
 */
type Propose<Pointers> = (only?: string) => Candidate<Pointers>[];

/** Takes the algorithm that was taken before, or the fastest on this device. */
export class Selection {
  constructor(
    private readonly timer: PlanTimer,
    private readonly choices: Choices,
  ) {}

  /**
   * The algorithm for a task; the others are closed.
   *
   * @param key says what the task is
   * @param layout of the task's tensors
   * @returns undefined where none works
   */
  choose<Pointers>(
    key: string,
    layout: Layout<Pointers>,
    propose: Propose<Pointers>,
  ): Candidate<Pointers> | undefined {
    return this.kept(key, layout, propose) ?? this.fastest(key, layout, propose);
  }

  private kept<Pointers>(
    key: string,
    layout: Layout<Pointers>,
    propose: Propose<Pointers>,
  ): Candidate<Pointers> | undefined {
    const name = this.choices.get(key);
    return name === undefined ? undefined : this.best(propose(name), layout)?.candidate;
  }

  private fastest<Pointers>(
    key: string,
    layout: Layout<Pointers>,
    propose: Propose<Pointers>,
  ): Candidate<Pointers> | undefined {
    const best = this.best(propose(), layout);
    if (best?.isMeasured) this.choices.set(key, best.candidate.implementation);
    return best?.candidate;
  }

  /** The fastest candidate that works, or without memory for a measurement the first; the others are closed. */
  private best<Pointers>(
    candidates: readonly Candidate<Pointers>[],
    layout: Layout<Pointers>,
  ): { readonly candidate: Candidate<Pointers>; readonly isMeasured: boolean } | undefined {
    const times = this.timer.time(layout, candidates);
    const least = Math.min(...(times ?? [0]));
    const place = Number.isFinite(least) ? (times?.indexOf(least) ?? 0) : -1;
    candidates.forEach((candidate, index) => {
      if (index !== place) candidate.close();
    });
    const candidate = candidates[place];
    return candidate && { candidate, isMeasured: times !== undefined };
  }
}
