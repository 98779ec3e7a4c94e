import type { ConvGeometry, Unary } from '../../graph/op.js';
import type { Shape } from '../../graph/tensorType.js';

/** An address in the device's memory. */
export type Pointer = number;

/** How numbers lie in the device's memory. `bf16` is the upper half of an f32. */
export type StorageType = 'f32' | 'bf16' | 'i32';

/** Bytes of a number of each storage type. */
export const BYTES: Readonly<Record<StorageType, number>> = { f32: 4, bf16: 2, i32: 4 };

/** Arithmetic of convolutions and products: full f32, f32 rounded to 10 bits of mantissa on tensor cores, or bf16. All add in f32. */
export type Arithmetic = 'f32' | 'tf32' | 'bf16';

/**
 * CUDA C++ of one kernel: `extern "C" __global__ void NAME(...) {…}`, all of whose parameters are pointers. It may use what
 * the prelude defines, and nothing else: no headers are included.
 */
export interface KernelSource {
  readonly name: string;
  readonly source: string;
}

/** A compiled kernel. */
export interface Kernel {
  readonly name: string;
}

/** Blocks of a launch and threads of a block, in x alone; at most 2³¹ − 1 and 1024. */
export interface LaunchShape {
  readonly blocks: number;
  readonly threads: number;
}

/** A tensor in the device's memory with any strides, in elements. */
export interface StridedTensor {
  readonly type: StorageType;
  readonly shape: Shape;
  readonly strides: Shape;
}

/**
 * A convolution or one of its gradients, by the roles of the tensors: image [N,C,H,W], filter [O,C/G,kh,kw], result [N,O,H',W'].
 * `forward` writes the result, `inputGrad` the image, `weightGrad` the filter, reading the two others.
 */
export interface ConvolutionSpec {
  readonly kind: 'forward' | 'inputGrad' | 'weightGrad';
  readonly image: StridedTensor;
  readonly filter: StridedTensor;
  readonly result: StridedTensor;
  readonly geometry: ConvGeometry;
  readonly arithmetic: Arithmetic;
  /** What is done to a forward result in registers, in this order: bias of the type f32 [O], an addend like the result, a function. */
  readonly epilogue?: Epilogue | undefined;
}

/** See {@link ConvolutionSpec.epilogue}. */
export interface Epilogue {
  readonly bias: boolean;
  readonly addend: boolean;
  readonly activation: Unary | undefined;
}

/** Pointers of a convolution's tensors. */
export interface ConvolutionPointers {
  readonly image: Pointer;
  readonly filter: Pointer;
  readonly result: Pointer;
  readonly bias?: Pointer | undefined;
  readonly addend?: Pointer | undefined;
}

/** a [M,K] · b [K,N] → c [M,N]; strides say what is transposed: one of the two of each is 1. */
export interface ProductSpec {
  readonly a: StridedTensor;
  readonly b: StridedTensor;
  readonly c: StridedTensor;
  readonly arithmetic: Arithmetic;
}

/** Something that a library has prepared; it is used until it is closed. */
export interface Prepared<Pointers> {
  /** The algorithm that was chosen, for profiles. */
  readonly implementation: string;
  /** Memory that a run needs besides the tensors. */
  readonly workspaceBytes: number;
  /** Adds the work to the stream. */
  run(pointers: Pointers, workspace: Pointer): void;
  close(): void;
}

/** An array, and the memory of the device that it is to be filled from. */
export interface Download {
  readonly pointer: Pointer;
  readonly data: ArrayBufferView;
}

/** Arrays on their way back from the device. */
export interface Delivery {
  /** Whether they are there; they are filled from then on. */
  isDone(): boolean;
  /** Waits until they are: the thread sleeps. */
  wait(): void;
}

/** A way to the device beside the work of the stream, for what work to come reads. */
export interface Arrivals {
  /**
   * Copies to the device while the stream's work goes on, but after the work of the last {@link take}. The array may be changed as soon
   * as this returns.
   */
  upload(pointer: Pointer, data: ArrayBufferView): void;
  /** Adds the work of `body` to the stream, which reads what was uploaded: it waits for the uploads, and later ones wait for it. */
  take(body: () => void): void;
  close(): void;
}

/** Several ways to do the same. */
export interface Ways<Way extends string> {
  /** Says what is done. */
  readonly key: string;
  readonly ways: readonly Way[];
  /** What is taken unmeasured. */
  readonly byRule: Way;
  /** Milliseconds of a way on the device; infinite where it is out of the question. */
  measure(way: Way): Promise<number>;
}

/** Work that is started with one call. */
export interface CapturedGraph {
  /** Adds all of the work to the stream. */
  launch(): void;
  close(): void;
}

/**
 * A device that executes kernels, and its libraries, with one stream: everything but {@link Device.aside} and {@link Device.arrivals} is
 * done in the order of the calls.
 *
 * Errors are thrown as UserErrors of one sentence: memory that is used up (what was asked for, what is free, what to lower), a lost
 * device, a driver too old.
 */
export interface Device {
  /** Name, compute capability, versions of driver and libraries, human-readable. */
  readonly description: string;
  readonly multiprocessors: number;
  /** Whether it multiplies bf16 natively (compute capability 8.0). */
  readonly hasBf16: boolean;
  /** Memory of undefined contents, aligned to 256 bytes. */
  allocate(bytes: number): Pointer;
  free(pointer: Pointer): void;
  /** Sets bytes to zero. */
  clear(pointer: Pointer, bytes: number): void;
  /** Copies to the device. The array may be changed as soon as this returns. */
  upload(pointer: Pointer, data: ArrayBufferView): void;
  /** Copies from the device, after all work that was added before, and waits for it. */
  download(pointer: Pointer, data: ArrayBufferView): void;
  /** As {@link download}, without waiting unless the arrays are large: work that is added afterwards may change what is copied. */
  deliver(downloads: readonly Download[]): Delivery;
  /** Copies within the device's memory. */
  copy(to: Pointer, from: Pointer, bytes: number): void;
  /** A new way for uploads beside the stream's work. */
  arrivals(): Arrivals;
  /** Compiles kernels, each with the prelude, or finds them compiled on the disk. Equal sources are compiled once. */
  compile(sources: readonly KernelSource[]): Promise<readonly Kernel[]>;
  launch(kernel: Kernel, shape: LaunchShape, pointers: readonly Pointer[]): void;
  /**
   * Prepares a convolution with the fastest of the library's algorithms that give the same bits in every run.
   *
   * @returns undefined where the library has none for it, such as an epilogue that it cannot compute
   */
  convolution(spec: ConvolutionSpec): Prepared<ConvolutionPointers> | undefined;
  /** Prepares a matrix product. */
  product(spec: ProductSpec): Prepared<{ readonly a: Pointer; readonly b: Pointer; readonly c: Pointer }>;
  /** The way that was taken before, or the fastest on this device; the one by rule where nothing is to be measured. */
  choose<Way extends string>(ways: Ways<Way>): Promise<Way>;
  /** Records the work that `body` adds, without doing it. */
  capture(body: () => void): CapturedGraph;
  /**
   * Adds work, while it is recorded, that is done beside what is added afterwards, and after what was added before.
   *
   * @returns has what is added from then on wait for the work; to be called before the end of the recording
   */
  aside(body: () => void): () => void;
  /** Milliseconds that the device takes for the work that `body` adds. */
  time(body: () => void): number;
  /** Waits for all work. */
  synchronize(): void;
  close(): void;
}
