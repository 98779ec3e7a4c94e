import { existsSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename } from 'node:path';
import koffi, { type LibraryHandle } from 'koffi';
import type { Kernel, KernelSource, LaunchShape, Pointer } from '../../../../src/engines/cuda/device.js';
import type { Compiler } from './compiler.js';

/** What a launch calls: 0, or 1 where something was wrong. */
type Run = (blocks: number, threads: number, pointers: BigUint64Array, seed: number) => number;

/** Kernels of a library: a compiler's process takes longer to start than a few kernels. */
const PER_LIBRARY = 32;
const PROCESSES = 2;
/** Bytes of static shared memory that a kernel may have. */
const SHARED_LIMIT = 48 * 1024;

/** A kernel that runs on the processor. */
export class EmulatedKernel implements Kernel {
  constructor(
    readonly name: string,
    private readonly parameters: number,
    private readonly maxThreads: number,
    private readonly run: Run,
    private readonly lastError: () => string,
  ) {}

  /** @throws Error with what a device would not allow */
  launch({ blocks, threads }: LaunchShape, pointers: readonly Pointer[], seed: number): void {
    if (pointers.length !== this.parameters)
      throw new Error(
        `kernel ${this.name} has ${this.parameters} parameters and was given ${pointers.length} pointers`,
      );
    if (!isCount(blocks, 2 ** 31 - 1) || !isCount(threads, this.maxThreads))
      throw new Error(
        `kernel ${this.name} was launched with ${blocks} blocks of ${threads} threads; it may have ${this.maxThreads} threads`,
      );
    const addresses = BigUint64Array.from([...pointers, 0], BigInt);
    if (this.run(blocks, threads, addresses, seed) !== 0) throw new Error(this.lastError());
  }
}

function isCount(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= limit;
}

/** A kernel that is to be compiled, and its hash. */
interface Identified extends KernelSource {
  readonly hash: string;
}

/** Compiles kernels, or finds them compiled: each by a link of its hash to a library that it is in. */
export class KernelCache {
  private readonly loaded = new Map<string, EmulatedKernel>();
  private readonly libraries = new Map<string, LibraryHandle>();

  constructor(
    private readonly compiler: Compiler,
    private readonly prelude: string,
    private readonly lastError: () => string,
  ) {}

  /** Kernels in the order of their sources. */
  async compile(sources: readonly KernelSource[]): Promise<readonly EmulatedKernel[]> {
    const wanted = sources.map((source) => ({
      ...source,
      hash: this.compiler.identify(this.prelude, source.name, source.source),
    }));
    const missing = new Map(
      wanted
        .filter(({ hash }) => !this.loaded.has(hash) && !existsSync(this.compiler.pathOf(hash)))
        .map((kernel) => [kernel.hash, kernel]),
    );
    await this.build([...missing.values()]);
    return wanted.map((kernel) => this.load(kernel));
  }

  private async build(kernels: readonly Identified[]): Promise<void> {
    const size = Math.min(PER_LIBRARY, Math.ceil(kernels.length / PROCESSES));
    const groups: (readonly Identified[])[] = [];
    for (let start = 0; start < kernels.length; start += size)
      groups.push(kernels.slice(start, start + size));
    const worker = async () => {
      for (let group = groups.shift(); group; group = groups.shift()) await this.buildLibrary(group);
    };
    await Promise.all(Array.from({ length: PROCESSES }, worker));
  }

  private async buildLibrary(kernels: readonly Identified[]): Promise<void> {
    const text = moduleText(this.prelude, kernels);
    const path = await this.compiler.library(`library-${this.compiler.identify(text)}`, text);
    for (const { hash } of kernels) link(path, this.compiler.pathOf(hash));
  }

  private load(kernel: Identified): EmulatedKernel {
    const known = this.loaded.get(kernel.hash);
    if (known) return known;
    const path = realpathSync(this.compiler.pathOf(kernel.hash));
    const library = this.libraries.get(path) ?? koffi.load(path);
    this.libraries.set(path, library);
    const number = (what: string): number => library.func(`int ${what}_${kernel.hash}()`)();
    if (number('shared') > SHARED_LIMIT)
      throw new Error(
        `kernel ${kernel.name} has ${number('shared')} bytes of shared memory, more than ${SHARED_LIMIT}`,
      );
    const run: Run = library.func(`int run_${kernel.hash}(unsigned int, unsigned int, void *, unsigned int)`);
    const made = new EmulatedKernel(
      kernel.name,
      number('parameters'),
      maxThreads(kernel),
      run,
      this.lastError,
    );
    this.loaded.set(kernel.hash, made);
    return made;
  }
}

/** A link that replaces what another process made in the meantime. */
function link(target: string, path: string): void {
  const temporary = `${path}.${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(basename(target), temporary);
  renameSync(temporary, path);
}

/** Threads of a block that a kernel says it is made for. */
function maxThreads({ source }: KernelSource): number {
  return Number(/__launch_bounds__\s*\(\s*(\d+)/.exec(source)?.[1] ?? 1024);
}

/** C++ of a library: the prelude once, and each kernel in its own namespace, under a name and with a section of its own. */
function moduleText(prelude: string, kernels: readonly Identified[]): string {
  return [
    '#include "cuda.h"',
    '#line 1 "the prelude"',
    prelude,
    ...kernels.flatMap(({ name, source, hash }) => [
      `#define ${name} kernel_${hash}`,
      `#define SHARED_SECTION "section_${hash}"`,
      `namespace module_${hash} {`,
      `#line 1 "${name}"`,
      source,
      '}',
      `#undef ${name}`,
      '#undef SHARED_SECTION',
      `EMULATED_KERNEL("${name}", module_${hash}::kernel_${hash}, ${hash})`,
    ]),
  ].join('\n');
}
