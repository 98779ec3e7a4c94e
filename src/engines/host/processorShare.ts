import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import type { Communicator } from '../../distributed/communicator.js';
import type { LaunchedRanks } from '../../distributed/launcher.js';
import { allowedProcessors, processorQuota } from './processors.js';

/** Where a rank runs. */
export interface RankProcessors {
  /** A number of its own for each machine. */
  readonly machine: number;
  /** Numbers of the processors that the rank may run on. */
  readonly processors: ReadonlySet<number>;
  /** Processors' worth of time that its control groups leave it; infinite without a limit. */
  readonly quota: number;
}

/** Bits of a word, which is a whole number in 64 bits of floating point. */
const WORD = 32;
/** Hexadecimal digits of a machine's number: 48 bits, which a float of 64 bits has room for. */
const DIGITS = 12;

/**
 * Threads for a rank: its share of the processors that it may run on, each of which all ranks of the machine that may run on it share
 * evenly, and no more than its quota. So ranks that a launcher has bound to processors of their own, as to the nodes of a
 * machine with several memories, take all of those, and ranks that nothing binds divide the machine.
 *
 * @param ranks all of them, by their numbers
 * @returns at least 1
 */
export function threadsOfRank(ranks: readonly RankProcessors[], rank: number): number {
  const { machine, processors, quota } = ranks[rank]!;
  const beside = ranks.filter((other) => other.machine === machine);
  const counts = [...processors].map(
    (number) => beside.filter((other) => other.processors.has(number)).length,
  );
  // Grouped by their numbers of ranks, so that thirds add up to whole processors.
  const shares = [...new Set(counts)].map(
    (count) => counts.filter((other) => other === count).length / count,
  );
  const share = shares.reduce((total, each) => total + each, 0);
  return Math.max(1, Math.floor(Math.min(share, quota)));
}

/** Tells every rank where all run. All ranks call it together. */
export function gatherProcessors(communicator: Communicator, mine: RankProcessors): RankProcessors[] {
  const { rank, size } = communicator;
  const end = Float64Array.of(Math.max(...mine.processors) + 1);
  communicator.allReduce([end], 'max');
  const words = Math.ceil(end[0]! / WORD);
  const row = 2 + words;
  const table = new Float64Array(size * row);
  table.set([mine.machine, mine.quota], rank * row);
  for (const number of mine.processors)
    table[rank * row + 2 + Math.floor(number / WORD)]! += 2 ** (number % WORD);
  communicator.allReduce([table], 'sum');
  return Array.from({ length: size }, (_, r) => {
    const [machine, quota, ...masks] = table.subarray(r * row, (r + 1) * row);
    const numbers = masks.flatMap((mask, i) =>
      Array.from({ length: WORD }, (__, bit) => bit)
        .filter((bit) => Math.floor(mask / 2 ** bit) % 2 === 1)
        .map((bit) => i * WORD + bit),
    );
    return { machine: machine!, quota: quota!, processors: new Set(numbers) };
  });
}

/**
 * Where this process runs.
 *
 * @param localSize ranks that the launcher has started beside it, which share its quota
 */
export function ownProcessors({ localSize }: Pick<LaunchedRanks, 'localSize'>): RankProcessors {
  const all = new Set(Array.from({ length: availableParallelism() }, (_, i) => i));
  return {
    machine: machineNumber(),
    processors: allowedProcessors() ?? all,
    quota: processorQuota() / localSize,
  };
}

/** A number that this machine alone has since it was started: of all its containers. */
function machineNumber(): number {
  let name: string;
  try {
    name = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  } catch {
    name = hostname();
  }
  return Number.parseInt(createHash('sha256').update(name).digest('hex').slice(0, DIGITS), 16);
}
