import { type Candidate, startPyTorch } from '../candidate.js';
import type { BenchmarkModel } from '../models.js';
import { median } from '../statistics.js';
import { figure } from '../table.js';
import { besideNeighbour } from './neighbour.js';
import { OwnTraining } from './ours.js';

/** What `bench busy` is told. */
export interface BusyOptions {
  readonly models: readonly BenchmarkModel[];
  readonly engine: string;
  /** Threads of PyTorch; of `biasloss train` `auto`, and these beside it. */
  readonly threads: number;
  /** The processor that the other process has. */
  readonly processor: number;
  /** How long each rate is measured. */
  readonly seconds: number;
  readonly pytorch: string | false;
}

/** Images a second, alone and beside a process that computes on one processor. */
interface Rates {
  readonly side: string;
  readonly quiet: number;
  readonly busy: number;
  /** Beside the process. */
  readonly threads: string;
}

const HEADING =
  '| model | side | images/s, quiet | images/s, busy | times as long | threads, busy |\n|---|---|---:|---:|---:|---|';

/**
 * Times training steps alone and beside a process that keeps one processor busy: `biasloss train` with `--threads auto` and with a fixed
 * number, and PyTorch. Lines of a Markdown table, as they are known.
 *
 * @throws UserError where there is no `taskset`
 */
export async function timeBusy(
  options: BusyOptions,
  python: string | undefined,
  print: (line: string) => void,
): Promise<void> {
  print(HEADING);
  for (const model of options.models) {
    const sides = [
      () => ratesOfOurs(model, 'auto', options),
      () => ratesOfOurs(model, String(options.threads), options),
      ...(python === undefined ? [] : [() => ratesOfPyTorch(model, python, options)]),
    ];
    for (const side of sides) print(row(model, await side()));
  }
}

function row({ label }: BenchmarkModel, { side, quiet, busy, threads }: Rates): string {
  const cells = [label, side, figure(quiet), figure(busy), (quiet / busy).toFixed(2), threads];
  return `| ${cells.join(' | ')} |`;
}

async function ratesOfOurs(
  model: BenchmarkModel,
  threads: string,
  { engine, processor, seconds }: BusyOptions,
): Promise<Rates> {
  const training = new OwnTraining(model, { threads, engine });
  try {
    const quiet = await training.rate(seconds);
    const busy = await besideNeighbour(processor, () => training.rate(seconds));
    return { side: `biasloss --threads ${threads}`, quiet, busy, threads: training.threads };
  } finally {
    await training.close();
  }
}

/** PyTorch's in the memory format that is faster alone. */
async function ratesOfPyTorch(
  { workload, batch }: BenchmarkModel,
  python: string,
  { threads, processor, seconds }: BusyOptions,
): Promise<Rates> {
  const found: Rates[] = [];
  for (const layout of ['contiguous', 'channels_last'] as const) {
    const candidate = await startPyTorch(
      { ...workload, batch, threads, mode: 'train' },
      { python, precision: 'f32', way: 'eager', layout },
    );
    try {
      await candidate.run(2);
      const quiet = await rateOf(candidate, seconds);
      const busy = await besideNeighbour(processor, () => rateOf(candidate, seconds));
      found.push({ side: `PyTorch, ${layout}`, quiet, busy, threads: `${threads} threads` });
    } finally {
      await candidate.close();
    }
  }
  return found.reduce((best, one) => (one.quiet > best.quiet ? one : best));
}

/** Images a second by the median step of some seconds. */
async function rateOf(candidate: Candidate, seconds: number): Promise<number> {
  const times: number[] = [];
  for (const end = performance.now() + 1000 * seconds; performance.now() < end; )
    times.push(...(await candidate.run(1)));
  return candidate.imagesPerStep / median(times);
}
