/** How many threads ranks of one machine take, by the processors that they may run on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soloCommunicator } from '../../../src/distributed/communicator.js';
import {
  gatherProcessors,
  ownProcessors,
  type RankProcessors,
  threadsOfRank,
} from '../../../src/engines/host/processorShare.js';

const INFINITE = Number.POSITIVE_INFINITY;

function from(first: number, count: number): ReadonlySet<number> {
  return new Set(Array.from({ length: count }, (_, i) => first + i));
}

function threads(
  ranks: readonly (readonly [processors: ReadonlySet<number>, machine?: number, quota?: number])[],
): number[] {
  const all: RankProcessors[] = ranks.map(([processors, machine = 1, quota = INFINITE]) => ({
    machine,
    processors,
    quota,
  }));
  return all.map((_, rank) => threadsOfRank(all, rank));
}

test('ranks that nothing binds divide their machine', () => {
  assert.deepEqual(threads([[from(0, 8)], [from(0, 8)]]), [4, 4]);
  assert.deepEqual(threads([[from(0, 9)], [from(0, 9)], [from(0, 9)]]), [3, 3, 3]);
  assert.deepEqual(threads([[from(0, 2)], [from(0, 2)], [from(0, 2)]]), [1, 1, 1]);
});

test('ranks that are bound take what they are bound to', () => {
  assert.deepEqual(threads([[from(0, 16)], [from(16, 16)]]), [16, 16]);
  assert.deepEqual(threads([[from(0, 16)], [from(16, 16)], [from(0, 16)], [from(16, 16)]]), [8, 8, 8, 8]);
  assert.deepEqual(threads([[from(0, 4)], [from(2, 4)]]), [3, 3]);
});

test('other machines have the same numbers, but processors of their own', () => {
  assert.deepEqual(
    threads([
      [from(0, 4), 1],
      [from(0, 4), 2],
      [from(0, 4), 2],
    ]),
    [4, 2, 2],
  );
});

test('a control group’s quota is not exceeded', () => {
  assert.deepEqual(
    threads([
      [from(0, 64), 1, 4],
      [from(0, 64), 1, 0.5],
    ]),
    [4, 1],
  );
});

test('ranks tell each other where they run', () => {
  const mine: readonly RankProcessors[] = [
    { machine: 2 ** 48 - 1, processors: new Set([0, 31, 32, 255]), quota: INFINITE },
    { machine: 5, processors: new Set([1]), quota: 1.5 },
  ];
  // Each rank runs up to the sum; then the other's part is added, as ranks would at once.
  const tables: Float64Array[] = [];
  const run = (rank: number, other: Float64Array | undefined): RankProcessors[] =>
    gatherProcessors(
      {
        ...soloCommunicator,
        rank,
        size: 2,
        allReduce: ([array], fn) => {
          assert.ok(array instanceof Float64Array);
          if (fn === 'max') array[0] = 256;
          else {
            tables[rank] ??= array.slice();
            if (other) array.set(array.map((value, i) => value + other[i]!));
          }
        },
      },
      mine[rank]!,
    );
  run(1, undefined);
  assert.deepEqual(run(0, tables[1]), mine);
  assert.deepEqual(run(1, tables[0]), mine);
});

test('this process may run somewhere', () => {
  const { processors, quota } = ownProcessors({ localSize: 2 });
  assert.ok(processors.size >= 1);
  assert.ok(quota > 0);
  assert.equal(ownProcessors({ localSize: 1 }).machine, ownProcessors({ localSize: 1 }).machine);
});
