import type { Kernel, KernelSource } from '../../device.js';
import type { Driver } from '../driver/driver.js';
import { LoadedKernel } from '../launch.js';
import type { KernelCompiler } from './kernelCompiler.js';

/** Kernels on a device, which stay: a program may be compiled again and again, as evaluation is after each epoch. */
export class LoadedKernels {
  private readonly modules: number[] = [];
  private readonly bySource = new Map<string, Kernel>();

  constructor(private readonly driver: Driver) {}

  /** The kernels of sources, of which those that are not there yet are compiled. */
  async of(
    sources: readonly KernelSource[],
    compiler: Pick<KernelCompiler, 'compile'>,
  ): Promise<readonly Kernel[]> {
    const missing = sources.filter(({ source }) => !this.bySource.has(source));
    if (missing.length > 0) this.load(missing, await compiler.compile(missing));
    return sources.map(({ source }) => this.bySource.get(source)!);
  }

  close(): void {
    this.bySource.clear();
    for (const module of this.modules.splice(0)) this.driver.unloadModule(module);
  }

  /** @param images each source's, of which several may share one */
  private load(sources: readonly KernelSource[], images: readonly Uint8Array[]): void {
    const modules = new Map<Uint8Array, number>();
    for (const [index, { name, source }] of sources.entries()) {
      const image = images[index]!;
      const module = modules.get(image) ?? this.driver.loadModule(image);
      if (!modules.has(image)) this.modules.push(module);
      modules.set(image, module);
      this.bySource.set(source, new LoadedKernel(name, this.driver.functionOf(module, name)));
    }
  }
}
