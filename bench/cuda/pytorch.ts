import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../src/errors.js';
import type { CudaWorkload, WorkloadOptions } from './workload.js';

/** What PyTorch took for a step, in one of its ways: a line of `bench/pytorch/cuda.py`. */
export interface PyTorchFigure {
  readonly label: string;
  readonly batch: number;
  readonly mode: string;
  /** `eager`, `compile`, `eager+graph`, `compile+graph` or `reduce-overhead`. */
  readonly variant: string;
  readonly precision: string;
  readonly ms: number;
}

/** PyTorch's figures on a card. */
export interface PyTorchFigures {
  /** `NVIDIA H200, PyTorch 2.11.0, cuDNN 91900`; undefined where the lines do not say. */
  readonly version: string | undefined;
  readonly figures: readonly PyTorchFigure[];
  /** What went wrong, a sentence each. */
  readonly errors: readonly string[];
}

const script = fileURLToPath(new URL('../../../bench/pytorch/cuda.py', import.meta.url));

/** Seconds that PyTorch gets: it compiles every model at every size. */
const BUDGET = 600;

/**
 * Reads figures.
 *
 * @param source where the text is from, for messages
 * @throws UserError naming the line that is none of `cuda.py`'s
 */
export function parseFigures(text: string, source: string): PyTorchFigures {
  const figures: PyTorchFigure[] = [];
  const errors: string[] = [];
  let version: string | undefined;
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const fields = fieldsOf(line);
    if (isFigure(fields)) figures.push(fields);
    else if (typeof fields?.error === 'string') errors.push(fields.error);
    else if (typeof fields?.torch === 'string')
      version = `${fields.device}, PyTorch ${fields.torch}, cuDNN ${fields.cudnn}`;
    else if (typeof fields?.note !== 'string')
      throw new UserError(`${source}, line ${index + 1}: not a line of bench/pytorch/cuda.py`);
  });
  return { version, figures, errors };
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function isFigure(fields: Fields | undefined): fields is Fields & PyTorchFigure {
  return (
    ['label', 'mode', 'variant', 'precision'].every((name) => typeof fields?.[name] === 'string') &&
    ['batch', 'ms'].every((name) => typeof fields?.[name] === 'number')
  );
}

/** Reads a file of figures. @throws UserError when there is none, or it holds something else */
export function readFigures(path: string): PyTorchFigures {
  try {
    return parseFigures(readFileSync(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${path} cannot be read: it should hold the lines of bench/pytorch/cuda.py --json`);
  }
}

/** PyTorch's fastest way of a step. */
export function bestOf(
  { figures }: PyTorchFigures,
  { label, batch, mode, precision }: Omit<CudaWorkload, 'model'>,
): PyTorchFigure | undefined {
  const same = figures.filter(
    (one) => one.label === label && one.batch === batch && one.mode === mode && one.precision === precision,
  );
  return same.sort((a, b) => a.ms - b.ms)[0];
}

/** Whether the interpreter has a PyTorch that sees a card. */
export function hasPyTorchOnCard(python: string): boolean {
  const ask = 'import sys, torch; sys.exit(not torch.cuda.is_available())';
  try {
    execFileSync(python, ['-c', ask], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Times PyTorch on the card in every precision, one after the other. */
export async function runPyTorch(
  options: WorkloadOptions,
  python: string,
  progress: (text: string) => void,
): Promise<PyTorchFigures> {
  const all: PyTorchFigures[] = [];
  for (const precision of options.precision)
    all.push(await runPrecision(python, argumentsFor(options, precision), progress));
  return {
    version: all[0]?.version,
    figures: all.flatMap(({ figures }) => figures),
    errors: all.flatMap(({ errors }) => errors),
  };
}

async function runPrecision(
  python: string,
  args: readonly string[],
  progress: (text: string) => void,
): Promise<PyTorchFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'biasloss-bench-'));
  const json = join(folder, 'figures.jsonl');
  try {
    await start(python, [...args, '--json', json], progress);
    return readFigures(json);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Arguments of `cuda.py` for the same steps. */
export function argumentsFor(options: WorkloadOptions, precision: string): string[] {
  const { models, batches, largeBatch, modes } = options;
  return [
    ...['--only', models.map(({ label }) => label).join()],
    ...['--batches', batches.join(), '--large-batch', String(largeBatch)],
    ...['--modes', modes.join(), '--precision', precision],
    ...['--compile-seconds', String(BUDGET / 2), '--budget', String(BUDGET)],
  ];
}

/** Its stderr is progress; what it prints is in its file. */
function start(python: string, args: readonly string[], progress: (text: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(python, [script, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let last = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      last = text;
      progress(text.trimEnd());
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new UserError(`${python} ${script} ended with ${code}: ${last.trim()}`));
    });
  });
}
