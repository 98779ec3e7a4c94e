import type {
  CapturedGraph,
  ConvolutionPointers,
  ConvolutionSpec,
  Device,
  Download,
  Kernel,
  KernelSource,
  LaunchShape,
  Pointer,
  Prepared,
  ProductSpec,
} from '../device.js';
import type { Convolutions } from './convolutions.js';
import type { Products } from './cublaslt/products.js';
import { CUDA, CudaError } from './driver/cudaError.js';
import type { Driver } from './driver/driver.js';
import type { KernelCompiler } from './kernels/kernelCompiler.js';
import { LoadedKernel, OverlappingLaunch, Parameters } from './launch.js';
import { OutOfDeviceMemory } from './outOfDeviceMemory.js';
import { Staging } from './staging.js';

/** Number and properties of a device. */
export interface DeviceProperties {
  readonly ordinal: number;
  readonly name: string;
  readonly multiprocessors: number;
  /** 90 for compute capability 9.0. */
  readonly capability: number;
}

/** The libraries that a device works with. */
export interface DeviceLibraries {
  /** Versions, for the description. */
  readonly versions: string;
  readonly compiler: KernelCompiler;
  readonly convolutions: Convolutions;
  readonly products: Products;
  /** Has them work on another stream from now on. */
  useStream(stream: number): void;
  /** Frees memory that is kept for further measurements. */
  release(): void;
  /** Frees what the libraries have on the device. */
  close(): void;
}

/** A CUDA device, whose context is the calling thread's, with a stream, and another one for work beside it. */
export class CudaDevice implements Device {
  readonly multiprocessors: number;
  readonly hasBf16: boolean;
  private readonly main: number;
  private readonly beside: number;
  private current: number;
  /** Events of work beside, which captures use again. */
  private readonly forks: number[] = [];
  private usedForks = 0;
  private readonly staging: Staging;
  private readonly modules: number[] = [];
  private readonly parameters = new Parameters();
  private readonly overlapping = new OverlappingLaunch();
  /** Whether kernels wait for those before them themselves, so that their launches can overlap. */
  private readonly overlaps: boolean;
  /** The streams to which a kernel of ours was added last. */
  private readonly kernelsLast = new Set<number>();
  private readonly events: readonly [number, number];
  private isCapturing = false;
  private opened: DeviceLibraries | undefined;

  /** Libraries are given to {@link use}, since they need the device. */
  constructor(
    readonly driver: Driver,
    private readonly properties: DeviceProperties,
  ) {
    this.multiprocessors = properties.multiprocessors;
    this.hasBf16 = properties.capability >= 80;
    this.overlaps = properties.capability >= 90 && process.env.BIASLOSS_CUDA_PDL !== '0';
    this.main = driver.createStream();
    this.beside = driver.createStream();
    this.current = this.main;
    this.staging = new Staging(driver, this.main);
    this.events = [driver.createEvent(), driver.createEvent()];
  }

  get description(): string {
    const { name, capability } = this.properties;
    const version = `${Math.floor(capability / 10)}.${capability % 10}`;
    return `CUDA on ${name} (compute capability ${version}, ${this.libraries.versions})`;
  }

  /** The stream that work is added to now. */
  get stream(): number {
    return this.current;
  }

  /** Sets the libraries, once. */
  use(libraries: DeviceLibraries): void {
    this.opened = libraries;
  }

  allocate(bytes: number): Pointer {
    const pointer = this.tryAllocate(bytes);
    if (pointer !== undefined) return pointer;
    this.opened?.release();
    const second = this.tryAllocate(bytes);
    if (second !== undefined) return second;
    const { free, total } = this.driver.memory();
    throw new OutOfDeviceMemory(
      `the GPU has too little memory: ${mib(bytes)} more are needed, ${mib(free)} of ${mib(total)} are free; a smaller batch size needs less`,
    );
  }

  free(pointer: Pointer): void {
    this.driver.free(pointer);
  }

  clear(pointer: Pointer, bytes: number): void {
    if (bytes > 0) this.driver.clear(pointer, bytes, this.stream);
    this.kernelsLast.delete(this.stream);
  }

  upload(pointer: Pointer, data: ArrayBufferView): void {
    if (this.isCapturing)
      throw new Error('an upload cannot be captured: its array may change before the launch');
    this.staging.upload(pointer, data);
  }

  download(pointer: Pointer, data: ArrayBufferView): void {
    this.staging.download([{ pointer, data }]);
  }

  downloadAll(downloads: readonly Download[]): void {
    this.staging.download(downloads);
  }

  async compile(sources: readonly KernelSource[]): Promise<readonly Kernel[]> {
    // All is measured when kernels are compiled, and their memory is needed.
    this.libraries.release();
    const images = await this.libraries.compiler.compile(sources);
    const modules = new Map<Uint8Array, number>();
    return sources.map(({ name }, index) => {
      const image = images[index]!;
      const module = modules.get(image) ?? this.load(image);
      modules.set(image, module);
      return new LoadedKernel(name, this.driver.functionOf(module, name));
    });
  }

  launch(kernel: Kernel, { blocks, threads }: LaunchShape, pointers: readonly Pointer[]): void {
    if (!(kernel instanceof LoadedKernel)) throw new Error(`the kernel ${kernel.name} is not of this device`);
    const parameters = this.parameters.set(pointers);
    const { stream } = this;
    if (this.isCapturing && this.overlaps && this.kernelsLast.has(stream))
      this.driver.launchWith(this.overlapping.set(blocks, threads, stream), kernel.address, parameters);
    else this.driver.launch(kernel.address, blocks, threads, stream, parameters);
    this.kernelsLast.add(stream);
  }

  convolution(spec: ConvolutionSpec): Prepared<ConvolutionPointers> | undefined {
    const prepared = this.libraries.convolutions.prepare(spec);
    return prepared && this.noted(prepared);
  }

  product(spec: ProductSpec): Prepared<{ readonly a: Pointer; readonly b: Pointer; readonly c: Pointer }> {
    return this.noted(this.libraries.products.product(spec));
  }

  capture(body: () => void): CapturedGraph {
    const graph = this.record(body);
    const { driver, stream } = this;
    try {
      const executable = driver.instantiate(graph);
      driver.upload(executable, stream);
      return {
        launch: () => driver.launchCaptured(executable, stream),
        close: () => driver.destroyExecutable(executable),
      };
    } finally {
      driver.destroyGraph(graph);
    }
  }

  aside(body: () => void): () => void {
    const { driver, main, beside } = this;
    const [start, end] = [this.fork(), this.fork()];
    driver.record(start, main);
    driver.waitInStream(beside, start);
    this.kernelsLast.delete(beside);
    this.useStream(beside);
    try {
      body();
    } finally {
      this.useStream(main);
    }
    driver.record(end, beside);
    return () => {
      driver.waitInStream(main, end);
      this.kernelsLast.delete(main);
    };
  }

  time(body: () => void): number {
    const [start, end] = this.events;
    this.driver.record(start, this.stream);
    body();
    this.driver.record(end, this.stream);
    this.driver.waitFor(end);
    return this.driver.elapsed(start, end);
  }

  /** Repeats what the first bytes of some memory are in the rest of it. */
  repeat(pointer: Pointer, pattern: number, bytes: number): void {
    for (let done = pattern; done < bytes; done *= 2)
      this.driver.copy(pointer + done, pointer, Math.min(done, bytes - done), this.stream);
  }

  synchronize(): void {
    this.driver.synchronize(this.stream);
  }

  close(): void {
    this.driver.synchronize(this.stream);
    this.opened?.close();
    this.staging.close();
    for (const module of this.modules.splice(0)) this.driver.unloadModule(module);
    for (const event of [...this.events, ...this.forks]) this.driver.destroyEvent(event);
    this.driver.destroyStream(this.beside);
    this.driver.destroyStream(this.main);
    this.driver.releaseContext(this.properties.ordinal);
  }

  /** Work of a library, which the kernel after it waits for. */
  private noted<P>(prepared: Prepared<P>): Prepared<P> {
    return {
      implementation: prepared.implementation,
      workspaceBytes: prepared.workspaceBytes,
      run: (pointers, workspace) => {
        prepared.run(pointers, workspace);
        this.kernelsLast.delete(this.stream);
      },
      close: () => prepared.close(),
    };
  }

  private useStream(stream: number): void {
    this.current = stream;
    this.libraries.useStream(stream);
  }

  /** An event that nothing in this capture uses yet. */
  private fork(): number {
    const known = this.forks[this.usedForks++];
    if (known !== undefined) return known;
    const event = this.driver.createEvent();
    this.forks.push(event);
    return event;
  }

  private get libraries(): DeviceLibraries {
    if (this.opened === undefined) throw new Error('the device has no libraries yet');
    return this.opened;
  }

  /** The graph of the work that `body` adds. */
  private record(body: () => void): number {
    this.kernelsLast.clear();
    this.driver.beginCapture(this.stream);
    this.isCapturing = true;
    this.usedForks = 0;
    try {
      body();
    } catch (error) {
      this.abandonCapture();
      throw error;
    } finally {
      this.isCapturing = false;
    }
    return this.driver.endCapture(this.stream);
  }

  /** Ends a capture that failed; that it did is known. */
  private abandonCapture(): void {
    try {
      this.driver.destroyGraph(this.driver.endCapture(this.stream));
    } catch (error) {
      if (!(error instanceof CudaError)) throw error;
    }
  }

  private load(image: Uint8Array): number {
    const module = this.driver.loadModule(image);
    this.modules.push(module);
    return module;
  }

  /** Memory; undefined where there is too little. */
  private tryAllocate(bytes: number): Pointer | undefined {
    try {
      return this.driver.allocate(Math.max(bytes, 1));
    } catch (error) {
      if (error instanceof CudaError && error.code === CUDA.outOfMemory) return undefined;
      throw error;
    }
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
