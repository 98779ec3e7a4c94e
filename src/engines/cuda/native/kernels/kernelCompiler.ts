import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readCached, writeCached } from '../../../cache/cacheFile.js';
import type { KernelSource } from '../../device.js';
import { prelude } from '../../kernels/prelude.js';
import { CompilerError, type CompilerTarget, describeTarget, type Nvrtc } from './nvrtc.js';

/** Most kernels of a module: a module of one takes twice as long for each. */
const MOST_KERNELS = 8;
/** Modules that are compiled at once. */
const THREADS = 4;

/** Calls of the compiler that wait at most: koffi has room for some hundreds, libuv's pool takes a few at a time. */
const MOST_AT_ONCE = 32;

/** A compiled module, which has several kernels. Equal modules are the same object. */
export type Module = Uint8Array;

/** Compiles kernels, several as a module and several modules at a time, and keeps what it compiled in files. */
export class KernelCompiler {
  private readonly target: CompilerTarget;

  /**
   * @param capability of the device, 90 for 9.0
   * @param folder of the files
   */
  constructor(
    private readonly nvrtc: Nvrtc,
    capability: number,
    private readonly folder: string | undefined,
  ) {
    this.target = nvrtc.target(capability);
  }

  /** The compiled modules of kernels, in their order. @throws UserError with the compiler's log */
  async compile(kernels: readonly KernelSource[]): Promise<Module[]> {
    const found = new Map<string, Module>();
    const missing = new Map<string, KernelSource>();
    const modules = new Map<string, Module>();
    for (const kernel of kernels) {
      const module = this.cached(kernel, modules);
      if (module) found.set(kernel.source, module);
      else missing.set(kernel.source, kernel);
    }
    const compiled = await this.modules(grouped([...missing.values()]));
    for (const { sources, module } of compiled.flat())
      for (const source of sources) found.set(source, module);
    return kernels.map(({ source }) => found.get(source)!);
  }

  /** A kernel's module in the cache. @param read the modules that were read already, by their names */
  private cached({ source }: KernelSource, read: Map<string, Module>): Module | undefined {
    const name = readCached(this.path(this.keyOf(source), 'kernel'));
    if (name === undefined) return undefined;
    const key = Buffer.from(name).toString('utf8');
    const module = read.get(key) ?? readCached(this.path(key, 'module'));
    if (module) read.set(key, module);
    return module;
  }

  /** Compiles groups of kernels, so many at once as there are threads for. */
  private async modules(groups: readonly (readonly KernelSource[])[]): Promise<Compiled[][]> {
    const compiled: Compiled[][] = [];
    const waiting = [...groups.entries()];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next; next = waiting.shift())
        compiled[next[0]] = await this.module(next[1]);
    };
    await Promise.all(Array.from({ length: MOST_AT_ONCE }, work));
    return compiled;
  }

  /** Compiles kernels as one module, or where that fails each on its own, so that the message is about the one that is wrong. */
  private async module(group: readonly KernelSource[]): Promise<Compiled[]> {
    const sources = group.map(({ source }) => source);
    const text = sources.join('\n');
    try {
      const module = await this.nvrtc.compile(prelude + text, group[0]!.name, this.target);
      const key = this.keyOf(text);
      writeCached(this.path(key, 'module'), module);
      for (const source of sources) writeCached(this.path(this.keyOf(source), 'kernel'), Buffer.from(key));
      return [{ sources, module }];
    } catch (error) {
      if (!(error instanceof CompilerError)) throw error;
      if (group.length === 1) throw error;
      const parts = await Promise.all(group.map((kernel) => this.module([kernel])));
      return parts.flat();
    }
  }

  private path(key: string, extension: string): string | undefined {
    return this.folder && join(this.folder, `${key}.${extension}`);
  }

  /** What stands for compiled sources in the names of files. */
  private keyOf(source: string): string {
    const hash = createHash('sha256')
      .update(describeTarget(this.nvrtc.version, this.target))
      .update('\0')
      .update(prelude)
      .update(source);
    return hash.digest('hex').slice(0, 40);
  }
}

/** Sources, and the module that has their kernels. */
interface Compiled {
  readonly sources: readonly string[];
  readonly module: Module;
}

/** Kernels in groups for the threads, in an order that does not depend on theirs; those of a group have different names. */
export function grouped(kernels: readonly KernelSource[]): KernelSource[][] {
  const size = Math.min(MOST_KERNELS, Math.max(1, Math.ceil(kernels.length / THREADS)));
  const groups: KernelSource[][] = [];
  for (const kernel of [...kernels].sort((a, b) => (a.source < b.source ? -1 : 1))) {
    const group = groups.at(-1);
    if (group && group.length < size && group.every(({ name }) => name !== kernel.name)) group.push(kernel);
    else groups.push([kernel]);
  }
  return groups;
}
