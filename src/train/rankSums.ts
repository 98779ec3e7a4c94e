import { type Ranks, SOLO } from '../distributed/communicator.js';
import type { Engine, Executable } from '../engines/engine.js';
import { Graph } from '../graph/graph.js';
import { allReduce } from '../graph/ops/collective.js';

/** Largest whole number up to which 32-bit floats have all: numbers are sent in parts below it. */
const PART = 2 ** 12;

/** Adds up numbers of all ranks, whole ones without rounding, by a program of its own. */
export class RankSums {
  private readonly executables = new Map<number, Promise<Executable>>();

  /** @param engine that has joined the ranks */
  constructor(
    private readonly engine: Engine,
    readonly ranks: Ranks = SOLO,
  ) {}

  /** The sums of each number over all ranks, which must ask for as many at the same point. */
  async of(numbers: readonly number[]): Promise<number[]> {
    if (this.ranks.size === 1) return [...numbers];
    const executable = await this.executable(3 * numbers.length);
    const values = Float32Array.from(numbers.flatMap(parts));
    const { sums } = await executable.run({ values });
    const at = (i: number): number => sums![i]!;
    return numbers.map((_, i) => at(3 * i) * PART * PART + at(3 * i + 1) * PART + at(3 * i + 2));
  }

  /** Whether it is so on any rank; all must ask at the same point. */
  async any(isSo: boolean): Promise<boolean> {
    const [count] = await this.of([Number(isSo)]);
    return count! > 0;
  }

  /** The numbers of all ranks, which must give as many each, one rank's after the other's. */
  async gather(numbers: Float32Array): Promise<Float32Array> {
    const { rank, size } = this.ranks;
    if (size === 1) return numbers;
    const values = new Float32Array(size * numbers.length);
    values.set(numbers, rank * numbers.length);
    const executable = await this.executable(values.length);
    return (await executable.run({ values })).sums as Float32Array;
  }

  /** Frees the programs. */
  async close(): Promise<void> {
    for (const executable of this.executables.values()) await (await executable).close();
    this.executables.clear();
  }

  private executable(length: number): Promise<Executable> {
    const known = this.executables.get(length);
    if (known) return known;
    const graph = new Graph();
    const values = graph.input('values', [length]);
    const made = this.engine.compile(graph.program({ sums: allReduce(values, 'sum') }));
    this.executables.set(length, made);
    return made;
  }
}

/** A number as high·2²⁴ + middle·2¹² + low, of which the first two are whole. */
function parts(number: number): [number, number, number] {
  if (!Number.isFinite(number)) return [0, 0, number];
  const high = Math.trunc(number / (PART * PART));
  const rest = number - high * PART * PART;
  const middle = Math.trunc(rest / PART);
  return [high, middle, rest - middle * PART];
}
