import { type Shape, sizeOf } from '../../src/graph/tensorType.js';
import { uniformSource } from '../../src/random.js';

/** Seeded random numbers for tests. */
export class Samples {
  private readonly next: (counter: number) => number;
  private counter = 0;

  constructor(
    readonly name: string,
    seed = 1,
  ) {
    this.next = uniformSource(seed, name);
  }

  /** A number in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.next(this.counter++);
  }

  /** A whole number from low to high, both included. */
  integer(low: number, high: number): number {
    return Math.floor(this.uniform(low, high + 1));
  }

  /** One of several. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.integer(0, choices.length - 1)]!;
  }

  /** Numbers in [low, high) for a tensor. */
  floats(shape: Shape, low = -1, high = 1): Float64Array {
    return Float64Array.from({ length: sizeOf(shape) }, () => this.uniform(low, high));
  }

  /** The middles of equal parts of [low, high), in a random order, for a tensor. */
  distinct(shape: Shape, low = -1, high = 1): Float64Array {
    const size = sizeOf(shape);
    return this.floats(shape)
      .map((value, i, all) =>
        all.reduce((rank, other, j) => rank + Number(other < value || (other === value && j < i)), 0),
      )
      .map((rank) => low + ((rank + 0.5) / size) * (high - low));
  }

  /** Class numbers. */
  labels(count: number, classes: number): Int32Array {
    return Int32Array.from({ length: count }, () => this.integer(0, classes - 1));
  }
}
