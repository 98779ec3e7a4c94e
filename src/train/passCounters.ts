/** Numbers of forward passes in training mode, by the names of a model's counters. */
export class PassCounters {
  private readonly counts = new Map<string, number>();

  /** @param isFrozen whether a counter stays as it is now */
  constructor(private readonly isFrozen: (name: string) => boolean) {}

  get values(): ReadonlyMap<string, number> {
    return this.counts;
  }

  set(name: string, count: number): void {
    this.counts.set(name, count);
  }

  /** Counts a pass, or takes back one that was counted (−1). */
  count(by: 1 | -1 = 1): void {
    for (const [name, count] of this.counts) if (!this.isFrozen(name)) this.counts.set(name, count + by);
  }
}
