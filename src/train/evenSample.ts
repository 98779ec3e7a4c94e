/** Values that are kept at most. */
const CAPACITY = 65_536;

/** A sample of a stream of numbers, spread evenly over it: all of them, or every second, fourth … so that 65,536 are kept at most. */
export class EvenSample {
  private readonly kept = new Float32Array(CAPACITY);
  private count = 0;
  private seen = 0;
  private every = 1;

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Adds numbers to the stream. */
  add(values: Float32Array): void {
    for (const value of values) {
      if (this.seen++ % this.every !== 0) continue;
      this.kept[this.count++] = value;
      if (this.count === CAPACITY) this.halve();
    }
  }

  /** The numbers that are kept, in ascending order. */
  sorted(): Float32Array {
    return this.kept.slice(0, this.count).sort();
  }

  private halve(): void {
    this.every *= 2;
    this.count /= 2;
    for (let i = 0; i < this.count; i++) this.kept[i] = this.kept[2 * i]!;
  }
}
