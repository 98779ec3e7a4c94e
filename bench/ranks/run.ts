import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Mpirun, mpirunArguments } from '../../src/cli/launch/mpirun.js';
import { busyShare } from '../machine.js';
import type { BenchmarkModel } from '../models.js';
import { printed } from '../printed.js';
import { fastestStep, imagesPerSecond, median, speedRatio } from '../statistics.js';
import { figure, layOut } from '../table.js';
import { type RankTimes, resultOf } from './rankProcess.js';

/** Options of `npm run bench -- ranks`. */
export interface RanksOptions {
  readonly models: readonly BenchmarkModel[];
  /** Images of a rank's part of a batch. */
  readonly batch: number;
  /** Numbers of ranks, the first of which the others are compared with. */
  readonly ranks: readonly number[];
  /** Threads of a rank. */
  readonly threads: number;
  readonly steps: number;
  readonly rounds: number;
  readonly precision: 'f32' | 'bf16';
  readonly syncBatchNorm: boolean;
  /** The Python that has PyTorch; undefined for this library alone. */
  readonly python?: string | undefined;
}

/** One side with one number of ranks. */
interface Measured {
  readonly side: string;
  readonly ranks: number;
  /** Seconds of every step, by round. */
  readonly rounds: (readonly number[])[];
  version: string;
}

const here = new URL('.', import.meta.url);
const ours = fileURLToPath(new URL('./ours.js', here));
const theirs = fileURLToPath(new URL('../../../bench/pytorch/ranks.py', here));

/** Ours, and ours on ranks that begin each step together but combine nothing: what the machine allows. */
const OURS = ['ours', 'ours, nothing combined'] as const;

/** PyTorch's memory formats; the faster one counts. */
const LAYOUTS = ['contiguous', 'channels_last'] as const;

/**
 * Times training steps on several numbers of ranks, each side in turn, and returns a table: images a second, and how many times those
 * of the first number of ranks they are; of rounds and of the fastest steps, which other work on the machine has disturbed least.
 */
export async function timeRanks(
  options: RanksOptions,
  mpirun: Mpirun,
  progress: (text: string) => void,
): Promise<string> {
  const rows: string[][] = [];
  const versions = new Set<string>();
  let busy = 0;
  for (const model of options.models) {
    const measured = sidesOf(options);
    for (let round = 0; round < options.rounds; round++)
      for (const one of measured) {
        busy = Math.max(busy, await busyShare());
        const { seconds, version } = await times(one, model, options, mpirun);
        one.version = version;
        versions.add(version);
        one.rounds.push(seconds);
        const speed = (options.batch * one.ranks) / median(seconds);
        progress(`${model.label}, ${one.ranks} ranks, ${one.side}, ${version}: ${figure(speed)} images/s`);
      }
    rows.push(...rowsOf(model.label, options, measured));
  }
  const header = ['model', 'side', 'batch of a rank', 'ranks'];
  header.push('images/s (min–max)', 'of the first', 'fastest steps', 'of the first');
  return [
    layOut(header, rows),
    ...versions,
    `others took up to ${(100 * busy).toFixed(0)}% of the processors`,
  ].join('\n');
}

function sidesOf({ ranks, python }: RanksOptions): Measured[] {
  const of = (side: string, counts: readonly number[]): Measured[] =>
    counts.map((count) => ({ side, ranks: count, rounds: [], version: '' }));
  return [
    ...of(OURS[0], ranks),
    ...of(OURS[1], ranks.slice(1)),
    ...(python === undefined ? [] : LAYOUTS).flatMap((side) => of(side, ranks)),
  ];
}

function isOurs({ side }: Measured): boolean {
  return (OURS as readonly string[]).includes(side);
}

function rowsOf(label: string, { ranks, batch }: RanksOptions, measured: readonly Measured[]): string[][] {
  return measured.map((one) => {
    const side = isOurs(one) ? OURS[0] : one.side;
    const first = measured.find((each) => each.side === side && each.ranks === ranks[0])!;
    const speeds = imagesPerSecond(one.rounds, batch * one.ranks);
    // Rounds of one side follow each other, so that the machine's state is alike.
    const factor = (one.ranks / first.ranks) * speedRatio(one.rounds, first.rounds).median;
    const fastest = (batch * one.ranks) / fastestStep(one.rounds);
    const ofFirst = (batch * first.ranks) / fastestStep(first.rounds);
    return [
      label,
      isOurs(one) ? one.side : `PyTorch ${one.side}`,
      String(batch),
      String(one.ranks),
      `${figure(speeds.median)} (${figure(speeds.min)}–${figure(speeds.max)})`,
      factor.toFixed(2),
      figure(fastest),
      (fastest / ofFirst).toFixed(2),
    ];
  });
}

function times(
  one: Measured,
  model: BenchmarkModel,
  options: RanksOptions,
  mpirun: Mpirun,
): Promise<RankTimes> {
  const env = { ...process.env, OMP_NUM_THREADS: String(options.threads) };
  const { python } = options;
  return isOurs(one) || python === undefined
    ? ourTimes(one, model, options, { mpirun, env })
    : theirTimes(one, model, { ...options, python }, env);
}

async function ourTimes(
  { ranks, side }: Measured,
  { label }: BenchmarkModel,
  { batch, steps, threads, precision, syncBatchNorm }: RanksOptions,
  { mpirun, env }: { readonly mpirun: Mpirun; readonly env: NodeJS.ProcessEnv },
): Promise<RankTimes> {
  const how = side === OURS[1] ? 'apart' : syncBatchNorm ? 'sync' : 'own';
  const numbers = [batch, steps, threads].map(String);
  const command = [process.execPath, ours, label, ...numbers, how, precision];
  const isRoot = userInfo().uid === 0;
  const args = mpirunArguments(mpirun, { ranks, command, variables: ['OMP_NUM_THREADS'], isRoot });
  return resultOf(await printed(mpirun.program, args, env));
}

async function theirTimes(
  { ranks: size, side: layout }: Measured,
  { workload }: BenchmarkModel,
  { batch, steps, threads, precision, python }: RanksOptions & { readonly python: string },
  env: NodeJS.ProcessEnv,
): Promise<RankTimes> {
  const { model, classes, image_size: image, ...hyperparameters } = workload;
  const ratio = Object.values(hyperparameters)[0] ?? 1;
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-bench-'));
  const file = join(folder, 'meet');
  try {
    const ranks = Array.from({ length: size }, (_, rank) => {
      const own = [rank, size, file, model, ratio, classes, image, batch, steps, threads, layout, precision];
      return printed(python, [theirs, ...own.map(String)], env);
    });
    return resultOf((await Promise.all(ranks))[0]!);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
