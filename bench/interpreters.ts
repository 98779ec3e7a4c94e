import { execFileSync } from 'node:child_process';

/** A Python that has PyTorch. */
export interface Interpreter {
  readonly path: string;
  /** Whether its PyTorch has torch.compile, which came with 2.0. */
  readonly compiles: boolean;
}

/** The interpreter that has PyTorch where none is named: $BIASLOSS_PYTHON, or /usr/bin/python3. */
export const defaultPython = process.env.BIASLOSS_PYTHON ?? '/usr/bin/python3';

const ASK = "import torch; print(hasattr(torch, 'compile'))";

/** Those that have PyTorch, of what a command line says: paths, or false for none. */
export function interpretersAt(
  paths: readonly string[] | false,
  progress: (text: string) => void,
): Interpreter[] {
  return (paths || []).flatMap((path) => interpreterAt(path, progress) ?? []);
}

/** Asks an interpreter for its PyTorch; undefined, said as progress, where it has none. */
export function interpreterAt(path: string, progress: (text: string) => void): Interpreter | undefined {
  try {
    const answer = execFileSync(path, ['-c', ASK], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return { path, compiles: answer.trim().endsWith('True') };
  } catch {
    progress(`${path} cannot import torch: it is left out`);
    return undefined;
  }
}

/** As {@link interpretersAt}, of commands that time one PyTorch. */
export function usablePython(path: string | false, progress: (text: string) => void): string | undefined {
  return path === false ? undefined : interpreterAt(path, progress)?.path;
}
