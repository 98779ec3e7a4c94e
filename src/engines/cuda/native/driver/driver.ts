import koffi, { type LibraryHandle } from 'koffi';
import type { UserError } from '../../../../errors.js';
import { Cell } from '../hostMemory.js';
import { type MemoryInfo, OutOfDeviceMemory } from '../outOfDeviceMemory.js';
import { CUDA, CudaError } from './cudaError.js';
import { signatures } from './signatures.js';

/** Numbers of `CUdevice_attribute`. */
export const ATTRIBUTE = { multiprocessors: 16, capabilityMajor: 75, capabilityMinor: 76 } as const;

/** Longest name of a device. */
const NAME_BYTES = 256;
/** `CU_STREAM_NON_BLOCKING` */
const NON_BLOCKING = 1;
/** `CU_EVENT_BLOCKING_SYNC`: a thread that waits for the event sleeps. */
const BLOCKING_SYNC = 1;
/** `CU_EVENT_DISABLE_TIMING` */
const DISABLE_TIMING = 2;
/** `CUDA_ERROR_NOT_READY` */
const NOT_READY = 600;
/** `CU_STREAM_CAPTURE_MODE_RELAXED`: libraries may load their kernels meanwhile. */
const RELAXED = 2;

/** Takes handles, addresses and sizes as numbers. */
type Call = (...values: (number | Uint8Array | string)[]) => void;

/**
 * The functions of the driver that are used, which throw {@link CudaError} where CUDA returns an error, {@link OutOfDeviceMemory} where
 * it lacks memory. All act on the context that the calling thread has made current.
 */
export class Driver {
  private readonly cell = new Cell();
  private readonly second = new Cell();
  private readonly text: (code: number) => string;
  private readonly calls = new Map<string, Call>();
  private readonly allocateMemory: (out: number, bytes: number) => number;
  private readonly readMemory: (free: number, total: number) => number;
  private readonly launchKernel: (...values: number[]) => number;
  private readonly launchGraph: (graph: number, stream: number) => number;
  private readonly queryEvent: (event: number) => number;

  constructor(private readonly library: LibraryHandle) {
    this.text = errorText(library);
    for (const [name, types] of Object.entries(signatures)) this.calls.set(name, this.bind(name, types));
    this.allocateMemory = library.func('int cuMemAlloc_v2(uintptr_t, size_t)');
    this.readMemory = library.func('int cuMemGetInfo_v2(uintptr_t, uintptr_t)');
    this.launchKernel = library.func(
      'int cuLaunchKernel(uintptr_t, uint, uint, uint, uint, uint, uint, uint, uintptr_t, uintptr_t, uintptr_t)',
    );
    this.launchGraph = library.func('int cuGraphLaunch(uintptr_t, uintptr_t)');
    this.queryEvent = library.func('int cuEventQuery(uintptr_t)');
  }

  initialize(): void {
    this.call('cuInit', 0);
  }

  /** The newest version of CUDA that the driver supports: 13000 for 13.0. */
  version(): number {
    return this.int('cuDriverGetVersion');
  }

  deviceCount(): number {
    return this.int('cuDeviceGetCount');
  }

  deviceName(device: number): string {
    const name = new Uint8Array(NAME_BYTES);
    this.call('cuDeviceGetName', name, NAME_BYTES, device);
    return Buffer.from(name.subarray(0, name.indexOf(0))).toString('utf8');
  }

  attribute(device: number, attribute: number): number {
    return this.int('cuDeviceGetAttribute', attribute, device);
  }

  /** Retains the device's primary context and makes it the calling thread's. */
  retainContext(device: number): void {
    this.call('cuCtxSetCurrent', this.pointer('cuDevicePrimaryCtxRetain', device));
  }

  releaseContext(device: number): void {
    this.call('cuDevicePrimaryCtxRelease_v2', device);
  }

  allocate(bytes: number): number {
    const code = this.allocateMemory(this.cell.address, bytes);
    if (code !== 0) throw this.error('cuMemAlloc_v2', code, bytes);
    return this.cell.pointer;
  }

  free(pointer: number): void {
    this.call('cuMemFree_v2', pointer);
  }

  /** Memory of the process that the device reads and writes itself. */
  allocateHost(bytes: number): number {
    return this.pointer('cuMemAllocHost_v2', bytes);
  }

  freeHost(address: number): void {
    this.call('cuMemFreeHost', address);
  }

  copyToDevice(pointer: number, address: number, bytes: number, stream: number): void {
    this.call('cuMemcpyHtoDAsync_v2', pointer, address, bytes, stream);
  }

  copyToHost(address: number, pointer: number, bytes: number, stream: number): void {
    this.call('cuMemcpyDtoHAsync_v2', address, pointer, bytes, stream);
  }

  copy(to: number, from: number, bytes: number, stream: number): void {
    this.call('cuMemcpyDtoDAsync_v2', to, from, bytes, stream);
  }

  clear(pointer: number, bytes: number, stream: number): void {
    this.call('cuMemsetD8Async', pointer, 0, bytes, stream);
  }

  /** @param image a cubin, or PTX with a zero at its end */
  loadModule(image: Uint8Array): number {
    this.call('cuModuleLoadData', this.cell.address, image);
    return this.cell.pointer;
  }

  unloadModule(module: number): void {
    this.call('cuModuleUnload', module);
  }

  functionOf(module: number, name: string): number {
    this.call('cuModuleGetFunction', this.cell.address, module, name);
    return this.cell.pointer;
  }

  /** @param parameters address of the addresses of the values of its parameters */
  launch(kernel: number, blocks: number, threads: number, stream: number, parameters: number): void {
    const code = this.launchKernel(kernel, blocks, 1, 1, threads, 1, 1, 0, stream, parameters, 0);
    if (code !== 0) throw this.error('cuLaunchKernel', code);
  }

  createStream(): number {
    return this.pointer('cuStreamCreate', NON_BLOCKING);
  }

  destroyStream(stream: number): void {
    this.call('cuStreamDestroy_v2', stream);
  }

  synchronize(stream: number): void {
    this.call('cuStreamSynchronize', stream);
  }

  beginCapture(stream: number): void {
    this.call('cuStreamBeginCapture_v2', stream, RELAXED);
  }

  /** @returns the graph */
  endCapture(stream: number): number {
    this.call('cuStreamEndCapture', stream, this.cell.address);
    return this.cell.pointer;
  }

  /** @returns the executable graph */
  instantiate(graph: number): number {
    return this.pointer('cuGraphInstantiateWithFlags', graph, 0);
  }

  /** Prepares the device for an executable graph's first launch. */
  upload(executable: number, stream: number): void {
    this.call('cuGraphUpload', executable, stream);
  }

  launchCaptured(executable: number, stream: number): void {
    const code = this.launchGraph(executable, stream);
    if (code !== 0) throw this.error('cuGraphLaunch', code);
  }

  destroyGraph(graph: number): void {
    this.call('cuGraphDestroy', graph);
  }

  destroyExecutable(executable: number): void {
    this.call('cuGraphExecDestroy', executable);
  }

  /** An event that keeps work in order. */
  createEvent(): number {
    return this.pointer('cuEventCreate', DISABLE_TIMING);
  }

  /** An event that {@link elapsed} takes. */
  createTimedEvent(): number {
    return this.pointer('cuEventCreate', 0);
  }

  /** An event that a thread sleeps until in {@link waitFor}. */
  createAwaitedEvent(): number {
    return this.pointer('cuEventCreate', BLOCKING_SYNC | DISABLE_TIMING);
  }

  destroyEvent(event: number): void {
    this.call('cuEventDestroy_v2', event);
  }

  record(event: number, stream: number): void {
    this.call('cuEventRecord', event, stream);
  }

  /** Has what is added to a stream from now on wait for an event. */
  waitInStream(stream: number, event: number): void {
    this.call('cuStreamWaitEvent', stream, event, 0);
  }

  waitFor(event: number): void {
    this.call('cuEventSynchronize', event);
  }

  /** Whether the work before an event is done. */
  hasHappened(event: number): boolean {
    const code = this.queryEvent(event);
    if (code === NOT_READY) return false;
    if (code !== 0) throw this.error('cuEventQuery', code);
    return true;
  }

  /** Milliseconds between two events. */
  elapsed(start: number, end: number): number {
    this.call('cuEventElapsedTime', this.cell.address, start, end);
    return this.cell.float;
  }

  private int(name: string, ...values: number[]): number {
    this.call(name, this.cell.address, ...values);
    return this.cell.int;
  }

  private pointer(name: string, ...values: number[]): number {
    this.call(name, this.cell.address, ...values);
    return this.cell.pointer;
  }

  private call(name: string, ...values: (number | Uint8Array | string)[]): void {
    this.calls.get(name)!(...values);
  }

  private bind(name: string, types: string): Call {
    const call = this.library.func(`int ${name}(${types})`);
    return (...values) => {
      const code: number = call(...values);
      if (code !== 0) throw this.error(name, code);
    };
  }

  /** @param bytes that the call was to allocate */
  private error(call: string, code: number, bytes?: number): UserError {
    if (code === CUDA.outOfMemory) return new OutOfDeviceMemory(bytes ?? call, this.memory());
    return new CudaError(call, code, this.text(code));
  }

  /** What memory there is; undefined where there is no context yet. */
  private memory(): MemoryInfo | undefined {
    if (this.readMemory(this.cell.address, this.second.address) !== 0) return undefined;
    return { free: this.cell.pointer, total: this.second.pointer };
  }
}

function errorText(library: LibraryHandle): (code: number) => string {
  const nameOf = library.func('int cuGetErrorName(int, uintptr_t)');
  const textOf = library.func('int cuGetErrorString(int, uintptr_t)');
  const cell = new Cell();
  const read = (ask: (code: number, out: number) => number, code: number): string | undefined =>
    ask(code, cell.address) === 0 && cell.pointer !== 0
      ? koffi.decode.string(BigInt(cell.pointer))
      : undefined;
  return (code) => `${read(textOf, code) ?? 'an unknown error'} (${read(nameOf, code) ?? code})`;
}
