import type { Choices } from '../../cache/choices.js';
import type {
  Arrivals,
  CapturedGraph,
  ConvolutionPointers,
  ConvolutionSpec,
  Delivery,
  Device,
  Download,
  Kernel,
  KernelSource,
  LaunchShape,
  Pointer,
  Prepared,
  ProductSpec,
  Ways,
} from '../device.js';
import { StreamArrivals } from './arrivals.js';
import type { Convolutions } from './convolutions.js';
import type { Products } from './cublaslt/products.js';
import { Deliveries } from './deliveries.js';
import { allocate } from './deviceMemory.js';
import type { Driver } from './driver/driver.js';
import type { KernelCompiler } from './kernels/kernelCompiler.js';
import { LoadedKernels } from './kernels/loadedKernels.js';
import { LoadedKernel, Parameters } from './launch.js';
import { Staging } from './staging.js';
import { Streams } from './streams.js';
import { chooseWay } from './ways.js';

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
  /** Which ways were chosen before; undefined where none is to be measured. */
  readonly choices: Choices | undefined;
  /** Has them work on another stream from now on. */
  useStream(stream: number): void;
  /** Frees memory that is kept for further measurements. */
  release(): void;
  /** Frees what the libraries have on the device. */
  close(): void;
}

/** A CUDA device, whose context is the calling thread's, with a stream, another one for work beside it, and one for uploads. */
export class CudaDevice implements Device {
  readonly multiprocessors: number;
  readonly hasBf16: boolean;
  private readonly streams: Streams;
  private readonly staging: Staging;
  /** Of uploads beside the stream's work. */
  private readonly aheadStaging: Staging;
  private readonly deliveries: Deliveries;
  private readonly kernels: LoadedKernels;
  private readonly parameters = new Parameters();
  private readonly events: readonly [number, number];
  private opened: DeviceLibraries | undefined;

  /** Libraries are given to {@link use}, since they need the device. */
  constructor(
    readonly driver: Driver,
    private readonly properties: DeviceProperties,
  ) {
    this.multiprocessors = properties.multiprocessors;
    this.hasBf16 = properties.capability >= 80;
    this.streams = new Streams(driver, (stream) => this.libraries.useStream(stream));
    this.staging = new Staging(driver, this.streams.main);
    this.aheadStaging = new Staging(driver, this.streams.uploads);
    this.deliveries = new Deliveries(driver, this.streams.main, this.staging);
    this.kernels = new LoadedKernels(driver);
    this.events = [driver.createTimedEvent(), driver.createTimedEvent()];
  }

  get description(): string {
    const { name, capability } = this.properties;
    const version = `${Math.floor(capability / 10)}.${capability % 10}`;
    return `CUDA on ${name} (compute capability ${version}, ${this.libraries.versions})`;
  }

  /** The stream that work is added to now. */
  get stream(): number {
    return this.streams.current;
  }

  /** Sets the libraries, once. */
  use(libraries: DeviceLibraries): void {
    this.opened = libraries;
  }

  allocate(bytes: number): Pointer {
    return allocate(this.driver, bytes, () => this.opened?.release());
  }

  free(pointer: Pointer): void {
    this.driver.free(pointer);
  }

  clear(pointer: Pointer, bytes: number): void {
    if (bytes > 0) this.driver.clear(pointer, bytes, this.stream);
  }

  upload(pointer: Pointer, data: ArrayBufferView): void {
    if (this.streams.isCapturing)
      throw new Error('an upload cannot be captured: its array may change before the launch');
    this.staging.upload(pointer, data);
  }

  download(pointer: Pointer, data: ArrayBufferView): void {
    this.staging.download([{ pointer, data }]);
  }

  deliver(downloads: readonly Download[]): Delivery {
    return this.deliveries.start(downloads);
  }

  copy(to: Pointer, from: Pointer, bytes: number): void {
    this.driver.copy(to, from, bytes, this.stream);
  }

  arrivals(): Arrivals {
    return new StreamArrivals(this.driver, this.streams, this.aheadStaging);
  }

  async compile(sources: readonly KernelSource[]): Promise<readonly Kernel[]> {
    // All is measured when kernels are compiled, and their memory is needed.
    this.libraries.release();
    return this.kernels.of(sources, this.libraries.compiler);
  }

  launch(kernel: Kernel, { blocks, threads }: LaunchShape, pointers: readonly Pointer[]): void {
    if (!(kernel instanceof LoadedKernel)) throw new Error(`the kernel ${kernel.name} is not of this device`);
    this.driver.launch(kernel.address, blocks, threads, this.stream, this.parameters.set(pointers));
  }

  convolution(spec: ConvolutionSpec): Prepared<ConvolutionPointers> | undefined {
    return this.libraries.convolutions.prepare(spec);
  }

  product(spec: ProductSpec): Prepared<{ readonly a: Pointer; readonly b: Pointer; readonly c: Pointer }> {
    return this.libraries.products.product(spec);
  }

  async choose<Way extends string>(ways: Ways<Way>): Promise<Way> {
    const { choices } = this.libraries;
    return choices ? chooseWay(choices, ways) : ways.byRule;
  }

  capture(body: () => void): CapturedGraph {
    const graph = this.streams.record(body);
    const { driver, stream } = this;
    try {
      const executable = driver.instantiate(graph);
      const captured = {
        launch: () => driver.launchCaptured(executable, stream),
        close: () => driver.destroyExecutable(executable),
      };
      try {
        driver.upload(executable, stream);
        return captured;
      } catch (error) {
        captured.close();
        throw error;
      }
    } finally {
      driver.destroyGraph(graph);
    }
  }

  aside(body: () => void): () => void {
    return this.streams.aside(body);
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
    this.driver.synchronize(this.streams.uploads);
    this.opened?.close();
    this.staging.close();
    this.aheadStaging.close();
    this.deliveries.close();
    this.kernels.close();
    for (const event of this.events) this.driver.destroyEvent(event);
    this.streams.close();
    this.driver.releaseContext(this.properties.ordinal);
  }

  private get libraries(): DeviceLibraries {
    if (this.opened === undefined) throw new Error('the device has no libraries yet');
    return this.opened;
  }
}
