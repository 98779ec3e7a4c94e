import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { KernelSource } from '../../device.js';
import { prelude } from '../../kernels/prelude.js';
import { readCached, writeCached } from '../cacheFile.js';
import { type CompilerTarget, describeTarget, type Nvrtc } from './nvrtc.js';

/** Compiles kernels, several at a time, and keeps what it compiled in files. */
export class KernelCompiler {
  private readonly target: CompilerTarget;

  /**
   * @param capability of the device, 90 for 9.0
   * @param folder of the files
   */
  constructor(
    private readonly nvrtc: Nvrtc,
    capability: number,
    private readonly folder: string,
  ) {
    this.target = nvrtc.target(capability);
  }

  /** The compiled modules of kernels, in their order. @throws UserError with the compiler's log */
  compile(kernels: readonly KernelSource[]): Promise<Uint8Array[]> {
    const running = new Map<string, Promise<Uint8Array>>();
    return Promise.all(
      kernels.map((kernel) => {
        const path = this.fileOf(kernel.source);
        const module = running.get(path) ?? this.module(kernel, path);
        running.set(path, module);
        return module;
      }),
    );
  }

  private async module({ name, source }: KernelSource, path: string): Promise<Uint8Array> {
    const cached = readCached(path);
    if (cached !== undefined) return cached;
    const module = await this.nvrtc.compile(prelude + source, name, this.target);
    writeCached(path, module);
    return module;
  }

  private fileOf(source: string): string {
    const hash = createHash('sha256')
      .update(describeTarget(this.nvrtc.version, this.target))
      .update('\0')
      .update(prelude)
      .update(source);
    return join(this.folder, `${hash.digest('hex').slice(0, 40)}.kernel`);
  }
}
