import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Contender } from './contenders.js';
import { type Command, JsonLinesProcess } from './jsonLinesProcess.js';
import type {
  LogitsReply,
  MemoryReply,
  Precision,
  Request,
  RunReply,
  SetupReply,
  Workload,
} from './protocol.js';

/** Something that runs steps and can be timed. */
export interface Candidate {
  readonly side: 'ours' | 'pytorch';
  readonly precision: Precision;
  /** How PyTorch runs the model; undefined for ours. */
  readonly contender?: Contender | undefined;
  /** PyTorch's memory format and its way where that is not eager, or our engine. */
  readonly variant: string;
  readonly imagesPerStep: number;
  /** Library and version, for a person. */
  readonly version: string;
  /** Runs steps and returns the seconds of each. */
  run(steps: number): Promise<readonly number[]>;
  /** The greatest resident size of its process so far, in bytes. */
  peakBytes(): Promise<number>;
  /** In evaluation: the logits of known images with the weights of a file, which PyTorch's side writes first. */
  logits(weights: string): Promise<readonly number[]>;
  close(): Promise<void>;
}

const here = new URL('.', import.meta.url);
const worker = fileURLToPath(new URL('../../bench/pytorch/worker.py', here));
const child = fileURLToPath(new URL('./ours.js', here));

/** Starts PyTorch on a workload in a process of its own. */
export function startPyTorch(
  workload: Omit<Workload, 'precision'>,
  contender: Contender,
): Promise<Candidate> {
  const threads = String(workload.threads);
  // torch.compile starts as many processes that compile.
  const env = { OMP_NUM_THREADS: threads, TORCHINDUCTOR_COMPILE_THREADS: threads };
  const { python, ...variant } = contender;
  const about = { side: 'pytorch', variant: variantText(contender), contender } as const;
  return start({ file: python, args: [worker], env }, about, { cmd: 'setup', ...workload, ...variant });
}

/** `channels_last compiled` */
export function variantText({ layout, way }: Pick<Contender, 'layout' | 'way'>): string {
  return way === 'eager' ? layout : `${layout} ${way}`;
}

/** Starts this library on a workload in a process of its own. */
export function startOurs(workload: Workload, engine: string): Promise<Candidate> {
  const env = { OMP_NUM_THREADS: String(workload.threads) };
  const about = { side: 'ours', variant: engine } as const;
  return start({ file: process.execPath, args: [child], env }, about, { cmd: 'setup', ...workload, engine });
}

async function start(
  command: Command,
  about: Pick<Candidate, 'side' | 'variant' | 'contender'>,
  request: Extract<Request, { cmd: 'setup' }>,
): Promise<Candidate> {
  const handle = new JsonLinesProcess(command);
  try {
    const { version, images_per_step: imagesPerStep } = await handle.ask<SetupReply>(request);
    return {
      ...about,
      precision: request.precision,
      version,
      imagesPerStep,
      run: async (steps) => (await handle.ask<RunReply>({ cmd: 'run', steps })).seconds,
      peakBytes: async () => (await handle.ask<MemoryReply>({ cmd: 'memory' })).peak_bytes,
      logits: async (weights) => (await handle.ask<LogitsReply>({ cmd: 'logits', weights })).logits,
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Threads that both sides get where none are asked for. */
export const defaultThreads = availableParallelism();
