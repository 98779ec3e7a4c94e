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
import { median } from '../statistics.js';
import { layOut } from '../table.js';
import { type Link, Namespaces } from './namespaces.js';
import { printed, resultOf } from './rankProcess.js';

/** Options of `npm run bench -- network`. */
export interface NetworkOptions {
  readonly model: BenchmarkModel;
  /** Images of a rank's part of a batch. */
  readonly batch: number;
  readonly links: readonly Link[];
  readonly steps: number;
  readonly rounds: number;
}

/** Share of a frame of Ethernet that is TCP's payload. */
const PAYLOAD = 1448 / 1538;

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
    namespaces.make();
    const message = median(await seconds(namespaces, mpirun, [latency]));
    const possible = links.filter((link) => namespaces.shape(link));
    const alone: number[] = [];
    const measured = possible.map((): number[] => []);
    let busy = 0;
    for (let round = 0; round < rounds; round++) {
      busy = Math.max(busy, await busyShare());
      alone.push(await step(namespaces, mpirun, options, 'alone'));
      for (const [i, link] of possible.entries()) {
        namespaces.shape(link);
        measured[i]!.push(await step(namespaces, mpirun, options, 'own'));
        progress(
          `${textOf(link)}: ${measured[i]!.at(-1)!.toFixed(3)} s, alone ${alone.at(-1)!.toFixed(3)} s`,
        );
      }
    }
    const found = { compute: median(alone), message, measured: measured.map(median), busy };
    return report(options, mpirun, possible, found);
  } finally {
    namespaces.close();
  }
}

function step(
  namespaces: Namespaces,
  mpirun: Mpirun,
  { model, batch, steps }: NetworkOptions,
  how: 'alone' | 'own',
): Promise<number> {
  const command = [ours, model.label, String(batch), String(steps), '1', how];
  return seconds(namespaces, mpirun, command).then(median);
}

async function seconds(
  namespaces: Namespaces,
  mpirun: Mpirun,
  command: readonly string[],
): Promise<readonly number[]> {
  const [program, args] = namespaces.command(mpirun, [process.execPath, ...command]);
  return resultOf(await printed(program, args, { ...process.env, OMP_NUM_THREADS: '1' })).seconds;
}

interface Found {
  readonly compute: number;
  readonly message: number;
  readonly measured: readonly number[];
  readonly busy: number;
}

function report(
  { model, batch, links }: NetworkOptions,
  { kind }: Mpirun,
  possible: readonly Link[],
  { compute, message, measured, busy }: Found,
): string {
  const work = { ...workOf(model), compute };
  const rows = possible.map((link, i) => {
    const network: Network = {
      bandwidth: (PAYLOAD * link.bitrate) / 8,
      latency: message + link.delay,
    };
    const { total } = stepCost(work, 2, network);
    const off = (100 * (total / measured[i]! - 1)).toFixed(1);
    return [textOf(link), total.toFixed(3), measured[i]!.toFixed(3), `${off}%`];
  });
  const left = links.length - possible.length;
  return [
    `${model.label}, ${batch} images a rank, ${(work.bytes / 1e6).toFixed(1)} MB of gradients, ${kind} over TCP; a step alone ${compute.toFixed(3)} s, a message ${(1e6 * message).toFixed(0)} µs`,
    layOut(['link', 'predicted s', 'measured s', 'off by'], rows),
    ...(left > 0 ? [`${left} links were left out: this kernel cannot delay packets (no netem)`] : []),
    `others took up to ${(100 * busy).toFixed(0)}% of the processors`,
  ].join('\n');
}

function textOf({ bitrate, delay }: Link): string {
  return `${bitrate / 1e6} Mbit/s, ${delay * 1e3} ms`;
}
