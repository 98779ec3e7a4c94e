import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createEngine, type EngineName } from '../../src/engines/createEngine.js';
import { errorMessage } from '../../src/errors.js';
import { type OperationCase, operationCases } from './cases.js';
import { type Pass, timeOurs } from './ours.js';

/** What `bench ops` is told. */
export interface OperationsOptions {
  readonly threads: number;
  /** Engines, one after the other. */
  readonly engines: readonly EngineName[];
  readonly rounds: number;
  /** The Python that has PyTorch; false for none. */
  readonly pytorch: string | false;
  /** A part of the names of the operations to time. */
  readonly only?: string | undefined;
}

type Seconds = Partial<Record<Pass, number>>;

const worker = fileURLToPath(new URL('../../../bench/pytorch/operations.py', import.meta.url));

function timePyTorch(
  python: string,
  cases: readonly OperationCase[],
  { threads, rounds }: OperationsOptions,
): Seconds[] {
  const request = {
    threads,
    rounds,
    cases: cases.map(({ name, inputs, python: source, gradient = true }) => ({
      name,
      inputs,
      python: source,
      gradient,
    })),
  };
  const input = JSON.stringify(request);
  const { status, stdout, stderr } = spawnSync(python, [worker], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${python} could not time PyTorch: ${stderr}`);
  return JSON.parse(stdout) as Seconds[];
}

async function timeEngine(
  name: EngineName,
  operation: OperationCase,
  pass: Pass,
  { threads, rounds }: OperationsOptions,
): Promise<number | string> {
  try {
    const start = () => createEngine(name, { threads, precision: 'f32' });
    return await timeOurs(start, operation, pass, rounds);
  } catch (error) {
    return errorMessage(error);
  }
}

function milliseconds(seconds: number | undefined): string {
  return seconds === undefined ? '–' : (seconds * 1000).toFixed(2);
}

/** Times every operation on every engine, and beside the PyTorch of `python`; lines of a Markdown table, as they are known. */
export async function timeOperations(
  options: OperationsOptions,
  python: string | undefined,
  print: (line: string) => void,
): Promise<void> {
  const { engines, only = '' } = options;
  const cases = operationCases.filter(({ name }) => name.includes(only));
  const theirs = python === undefined ? [] : timePyTorch(python, cases, options);
  const columns = engines.flatMap((engine) => [`${engine} ms`, '× PyTorch']);
  const heading = ['operation', 'pass', 'PyTorch ms', ...columns];
  print(`| ${heading.join(' | ')} |\n|${heading.map((_, i) => (i < 2 ? '---' : '---:')).join('|')}|`);
  for (const [i, operation] of cases.entries()) {
    for (const pass of ['forward', 'forward and gradient'] as const) {
      if (pass !== 'forward' && operation.gradient === false) continue;
      const other = theirs[i]?.[pass];
      const cells: string[] = [];
      for (const engine of engines) {
        const found = await timeEngine(engine, operation, pass, options);
        if (typeof found === 'string') cells.push(found, '');
        else cells.push(milliseconds(found), other === undefined ? '–' : (found / other).toFixed(2));
      }
      print(`| ${[operation.name, pass, milliseconds(other), ...cells].join(' | ')} |`);
    }
  }
}
