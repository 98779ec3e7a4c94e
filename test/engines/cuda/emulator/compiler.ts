import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The folder of the C++ files, which the build does not copy. */
const SOURCES = fileURLToPath(new URL('../../../../../test/engines/cuda/emulator/', import.meta.url));
const RUNTIME = ['runtime.cpp', 'memory.cpp', 'libraries.cpp'];
const HEADERS = ['launch.h', 'cuda.h'];

const COMMON = [
  '-std=c++17',
  '-fPIC',
  '-pipe',
  '-march=native',
  '-fno-strict-aliasing',
  '-fno-math-errno',
  '-fvisibility=hidden',
  '-U_FORTIFY_SOURCE',
];
/** Sums may be reordered: without that, dot products are not vectorized. */
const RUNTIME_FLAGS = [
  ...['-O2', '-ftree-vectorize', '-shared', '-fvisibility=default', '-pthread'],
  ...['-fassociative-math', '-fno-signed-zeros', '-fno-trapping-math'],
];
/** The sanitizers report through functions of the runtime; their own library is not linked. */
const KERNEL_FLAGS = ['-O1', '-ffp-contract=fast', '-fno-exceptions', '-w', '-fsanitize=alignment,bounds'];

const run = promisify(execFile);

/** Compiles C++ into libraries, which are kept in a folder of the system's temporary files under a hash of all that went into them. */
export class Compiler {
  private readonly base: string;

  private constructor(
    private readonly command: string,
    readonly version: string,
    private readonly folder: string,
  ) {
    const files = [...HEADERS, ...RUNTIME].map((name) => readFileSync(join(SOURCES, name), 'utf8'));
    this.base = digest(version, ...COMMON, ...RUNTIME_FLAGS, ...KERNEL_FLAGS, ...files);
  }

  /** @returns undefined where there is none: neither $CXX nor g++ nor clang++, or another system than Linux */
  static find(environment: Readonly<Record<string, string | undefined>> = process.env): Compiler | undefined {
    if (process.platform !== 'linux') return undefined;
    for (const command of [environment.CXX, 'g++', 'clang++']) {
      const version = command === undefined ? undefined : versionOf(command);
      if (command === undefined || version === undefined) continue;
      const folder = join(tmpdir(), `biasloss-cuda-emulator-${userInfo().uid}`);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return new Compiler(command, version, folder);
    }
    return undefined;
  }

  /** Path of the runtime's library. */
  runtime(): string {
    const path = this.pathOf(this.base);
    if (existsSync(path)) return path;
    this.inScratch((scratch) => {
      const output = join(scratch, 'runtime.so');
      const sources = RUNTIME.map((name) => join(SOURCES, name));
      execFileSync(this.command, [...COMMON, ...RUNTIME_FLAGS, ...sources, '-o', output], { stdio: 'pipe' });
      renameSync(output, path);
    });
    return path;
  }

  /** A hash for a library of kernels from these texts. */
  identify(...texts: readonly string[]): string {
    return digest(this.base, ...texts);
  }

  /** Where a library with this hash is, or will be. */
  pathOf(hash: string): string {
    return join(this.folder, `${hash}.so`);
  }

  /**
   * Compiles kernels into a library.
   *
   * @throws Error with the compiler's first words
   */
  async library(hash: string, source: string): Promise<string> {
    const path = this.pathOf(hash);
    if (existsSync(path)) return path;
    const scratch = mkdtempSync(join(this.folder, 'scratch-'));
    const object = join(scratch, 'kernels.o');
    const output = join(scratch, 'kernels.so');
    try {
      await this.compileText(source, object);
      await run(this.command, ['-shared', object, this.runtime(), '-o', output]);
      renameSync(output, path);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
    return path;
  }

  private compileText(source: string, object: string): Promise<void> {
    const flags = [...COMMON, ...KERNEL_FLAGS, '-I', SOURCES, '-x', 'c++', '-c', '-', '-o', object];
    return new Promise((resolve, reject) => {
      const child = execFile(this.command, flags, { maxBuffer: 2 ** 26 }, (error, _stdout, stderr) => {
        if (error) reject(new Error(firstWords(stderr || error.message)));
        else resolve();
      });
      child.stdin?.end(source);
    });
  }

  private inScratch(body: (folder: string) => void): void {
    const scratch = mkdtempSync(join(this.folder, 'scratch-'));
    try {
      body(scratch);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
}

function versionOf(command: string): string | undefined {
  try {
    return execFileSync(command, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .split('\n')[0]!
      .trim();
  } catch {
    return undefined;
  }
}

/** The first error with its line of code. */
function firstWords(text: string): string {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => line.includes('error:'));
  return lines.slice(Math.max(first, 0), Math.max(first, 0) + 4).join('\n');
}

function digest(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:${text}`);
  return hash.digest('hex').slice(0, 24);
}
