import { fileURLToPath } from 'node:url';
import type { Mpirun } from '../../src/cli/launch/mpirun.js';
import { type Network, stepCost } from '../../src/distributed/stepCost.js';
import { sizeOf } from '../../src/graph/tensorType.js';
import { biasLoss } from '../../src/losses/biasLoss.js';
import { createModel, families } from '../../src/models/registry.js';
import { sgd } from '../../src/optim/sgd.js';
import { trainedParameters, trainProgram } from '../../src/train/programs.js';
import { busyShare } from '../machine.js';
import type { BenchmarkModel } from '../models.js';
import { printed } from '../printed.js';
import { fastestStep, median, type Rounds } from '../statistics.js';
import { layOut } from '../table.js';
import { type Link, Namespaces, PAYLOAD } from './namespaces.js';
import { resultOf } from './rankProcess.js';

/** Options of `npm run bench -- network`. */
export interface NetworkOptions {
  readonly model: BenchmarkModel;
  /** Images of a rank's part of a batch. */
  readonly batch: number;
  readonly links: readonly Link[];
  readonly steps: number;
  readonly rounds: number;
}

const ours = fileURLToPath(new URL('./ours.js', import.meta.url));
const latency = fileURLToPath(new URL('./latency.js', import.meta.url));

/** Bytes of a model's gradients, and the collectives of a step besides theirs. */
export function workOf({ workload }: BenchmarkModel): { readonly bytes: number; readonly shortOnes: number } {
  const { model: name, classes, image_size: imageSize } = workload;
  const model = createModel({ name, classes, imageSize, ...families.optionsOf(workload) });
  const program = trainProgram(model, biasLoss(), sgd(), 2, { ranks: 2 });
  const collectives = program.nodes.filter(({ kind }) => kind === 'allReduce').length;
  const parameters = trainedParameters(model).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  return { bytes: 4 * parameters, shortOnes: collectives - 1 };
}

/**
 * Times training steps of two ranks in two network namespaces, joined by links of several bandwidths and delays, beside what {@link stepCost}
 * predicts from the time of a step without the other rank and of a message on an unlimited link.
 */
export async function timeNetwork(
  options: NetworkOptions,
  mpirun: Mpirun,
  progress: (text: string) => void,
): Promise<string> {
  const { links, rounds } = options;
  const namespaces = new Namespaces();
  try {
    await namespaces.make();
    const message = median(await seconds(namespaces, mpirun, [latency]));
    const alone: (readonly number[])[] = [];
    const measured = links.map((): (readonly number[])[] => []);
    let busy = 0;
    for (let round = 0; round < rounds; round++) {
      busy = Math.max(busy, await busyShare());
      alone.push(await step(namespaces, mpirun, options, 'alone'));
      for (const [i, link] of links.entries()) {
        await namespaces.shape(link);
        measured[i]!.push(await step(namespaces, mpirun, options, 'own'));
        const [found, own] = [measured[i]!, alone].map((rounds) => median(rounds.at(-1)!).toFixed(3));
        progress(`${textOf(link)}: ${found} s, alone ${own} s`);
      }
    }
    return report(options, mpirun, { alone, message, measured, busy });
  } finally {
    await namespaces.close();
  }
}

function step(
  namespaces: Namespaces,
  mpirun: Mpirun,
  { model, batch, steps }: NetworkOptions,
  how: 'alone' | 'own',
): Promise<readonly number[]> {
  return seconds(namespaces, mpirun, [ours, model.label, String(batch), String(steps), '1', how, 'f32']);
}

async function seconds(
  namespaces: Namespaces,
  mpirun: Mpirun,
  command: readonly string[],
): Promise<readonly number[]> {
  const [program, args] = namespaces.command(mpirun, [process.execPath, ...command]);
  const env = { ...process.env, ...namespaces.environment(mpirun), OMP_NUM_THREADS: '1' };
  return resultOf(await printed(program, args, env)).seconds;
}

interface Found {
  /** Of steps without the other rank, by round. */
  readonly alone: Rounds;
  readonly message: number;
  /** By link and round. */
  readonly measured: readonly Rounds[];
  readonly busy: number;
}

function report(
  { model, batch, links }: NetworkOptions,
  { kind }: Mpirun,
  { alone, message, measured, busy }: Found,
): string {
  const work = workOf(model);
  const compared = (of: (rounds: Rounds) => number, link: Link, rounds: Rounds): string[] => {
    const network: Network = { bandwidth: (PAYLOAD * link.bitrate) / 8, latency: message + link.delay };
    const { total } = stepCost({ ...work, compute: of(alone) }, 2, network);
    const found = of(rounds);
    return [total.toFixed(3), found.toFixed(3), `${(100 * (total / found - 1)).toFixed(1)}%`];
  };
  const rows = links.map((link, i) => [
    textOf(link),
    ...compared(middle, link, measured[i]!),
    ...compared(fastestStep, link, measured[i]!),
  ]);
  const header = ['predicted s', 'measured s', 'off by'];
  return [
    `${model.label}, ${batch} images a rank, ${(work.bytes / 1e6).toFixed(1)} MB of gradients, ${kind} over TCP; a step alone ${middle(alone).toFixed(3)} s, the fastest ${fastestStep(alone).toFixed(3)} s, a message ${(1e6 * message).toFixed(0)} µs`,
    layOut(['link', ...header, ...header.map((name) => `fastest: ${name}`)], rows),
    `others took up to ${(100 * busy).toFixed(0)}% of the processors`,
  ].join('\n');
}

/** Of rounds the middle one's median step. */
function middle(rounds: Rounds): number {
  return median(rounds.map(median));
}

function textOf({ bitrate, delay }: Link): string {
  return `${bitrate / 1e6} Mbit/s, ${delay * 1e3} ms`;
}
