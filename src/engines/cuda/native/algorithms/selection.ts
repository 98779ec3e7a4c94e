import type { Choices } from '../../../cache/choices.js';
import type { Candidate } from './candidate.js';
import type { Layout, PlanTimer } from './planTimer.js';

/**
 * Prepares the algorithms for a task, the one first that is likely to be the fastest.
 *
 * @param only the implementation of the one that is wanted
 */
type Propose<Pointers> = (only?: string) => Candidate<Pointers>[];

/** An algorithm in use, and how often. */
interface Use<Pointers> {
  readonly candidate: Candidate<Pointers>;
  count: number;
}

/** Algorithms that stay prepared when nothing uses them: those of a large model's evaluation, which is compiled after each epoch. */
const MOST_IDLE = 512;

/** Takes the algorithm that was taken before, or the fastest on this device. What is prepared is shared by all whose task is the same. */
export class Selection<Pointers> {
  /** What is in use, by its task. */
  private readonly uses = new Map<string, Use<Pointers>>();
  /** What was, the latest last. */
  private readonly idle = new Map<string, Candidate<Pointers>>();

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
  choose(key: string, layout: Layout<Pointers>, propose: Propose<Pointers>): Candidate<Pointers> | undefined {
    const known = this.uses.get(key);
    if (known) return this.shared(key, known);
    const idle = this.idle.get(key);
    this.idle.delete(key);
    const candidate = idle ?? this.kept(key, layout, propose) ?? this.fastest(key, layout, propose);
    return candidate && this.shared(key, { candidate, count: 0 });
  }

  /** Closes what nothing uses. */
  close(): void {
    for (const candidate of this.idle.values()) candidate.close();
    this.idle.clear();
  }

  /** A use of an algorithm, which is idle after the last of its uses. */
  private shared(key: string, use: Use<Pointers>): Candidate<Pointers> {
    this.uses.set(key, use);
    use.count++;
    let isOpen = true;
    return {
      implementation: use.candidate.implementation,
      workspaceBytes: use.candidate.workspaceBytes,
      run: (pointers, workspace) => use.candidate.run(pointers, workspace),
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        if (--use.count > 0) return;
        this.uses.delete(key);
        this.idle.set(key, use.candidate);
        if (this.idle.size > MOST_IDLE) this.closeOldest();
      },
    };
  }

  private closeOldest(): void {
    const [oldest] = this.idle;
    if (!oldest) return;
    this.idle.delete(oldest[0]);
    oldest[1].close();
  }

  private kept(
    key: string,
    layout: Layout<Pointers>,
    propose: Propose<Pointers>,
  ): Candidate<Pointers> | undefined {
    // Another training on the card may have measured it in the meantime.
    const name = this.choices.latest(key);
    return name === undefined ? undefined : this.best(propose(name), layout)?.candidate;
  }

  private fastest(
    key: string,
    layout: Layout<Pointers>,
    propose: Propose<Pointers>,
  ): Candidate<Pointers> | undefined {
    const best = this.best(propose(), layout);
    if (!best?.isMeasured) return best?.candidate;
    const kept = this.choices.keep(key, best.candidate.implementation);
    if (kept === best.candidate.implementation) return best.candidate;
    // Another training was faster to measure it.
    const theirs = this.best(propose(kept), layout);
    if (theirs) best.candidate.close();
    return (theirs ?? best).candidate;
  }

  /** The fastest candidate that works, or without memory for a measurement the first; the others are closed. */
  private best(
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
