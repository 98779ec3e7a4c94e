import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Command, JsonLinesProcess } from './jsonLinesProcess.js';
import type {
  LogitsReply,
  MemoryReply,
  Precision,
  PyTorchVariant,
  Request,
  RunReply,
  SetupReply,
  Workload,
} from './protocol.js';

/** Something that runs steps and can be timed. */
export interface Candidate {
  readonly side: 'ours' | 'pytorch';
  readonly precision: Precision;
  /** Whether it is PyTorch's frozen trace. */
  readonly frozen: boolean;
  /** PyTorch's memory format, or our engine. */
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

/** The interpreter that has PyTorch: $BIASLOSS_PYTHON, or /usr/bin/python3. */
export const python = process.env.BIASLOSS_PYTHON ?? '/usr/bin/python3';

/** Starts PyTorch on a workload in a process of its own. */
export function startPyTorch(workload: Workload, variant: PyTorchVariant): Promise<Candidate> {
  const env = { OMP_NUM_THREADS: String(workload.threads) };
  const about = { side: 'pytorch', variant: variant.layout, frozen: variant.frozen } as const;
  return start({ file: python, args: [worker], env }, about, { cmd: 'setup', ...workload, ...variant });
}

/** Starts this library on a workload in a process of its own. */
export function startOurs(workload: Workload, engine: string): Promise<Candidate> {
  const env = { OMP_NUM_THREADS: String(workload.threads) };
  const about = { side: 'ours', variant: engine, frozen: false } as const;
  return start({ file: process.execPath, args: [child], env }, about, { cmd: 'setup', ...workload, engine });
}

async function start(
  command: Command,
  about: Pick<Candidate, 'side' | 'variant' | 'frozen'>,
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
