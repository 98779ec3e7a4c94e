import koffi, { type LibraryHandle } from 'koffi';
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
} from '../../../../src/engines/cuda/device.js';
import { checkConvolution } from './checkConvolution.js';
import { Compiler } from './compiler.js';
import { EmulatedKernel, KernelCache } from './kernels.js';
import { bindLibraries, encodeConvolution, encodeProduct, extentOf, type Libraries } from './libraries.js';
import { Memory } from './memory.js';

/** How a card is emulated. */
export interface EmulatorOptions {
  /** Put before every kernel. */
  readonly prelude: string;
  /** Order of the blocks of a launch and of a block's threads; 0 (default) is ascending. */
  readonly seed?: number | undefined;
  /** Default 4. */
  readonly multiprocessors?: number | undefined;
  /** Default true. */
  readonly hasBf16?: boolean | undefined;
  /**
   * When uploads beside the stream's work are done: as soon as they are requested (the default), or only when something waits for
   * them. Either may happen on a card.
   */
  readonly uploads?: 'early' | 'late' | undefined;
  /** Bytes of memory, default 8 GiB. */
  readonly memoryBytes?: number | undefined;
}

/** How often it is asked whether results are there until they are. */
const QUESTIONS = 20;

/** Bytes that a library's work needs besides its tensors; they are overwritten with NaN. */
const WORKSPACE = 1024;

/** Why tests on the emulator are skipped, or false. */
export function withoutEmulator(): string | false {
  return Compiler.find()
    ? false
    : 'CUDA kernels run on the processor only where Linux has g++, clang++ or $CXX';
}

/**
 * A CUDA device on the processor: kernels are compiled as C++. Work is done at once, so what is wrong with a launch is thrown by it:
 * threads that miss a barrier, misaligned addresses, indices outside of shared arrays, addresses outside of the memory. New memory and
 * shared memory are full of NaN; what is written around an allocation is reported when it is freed and by `synchronize`.
 *
 * @throws Error where {@link withoutEmulator} says why
 */
export function openEmulator(options: EmulatorOptions): Device {
  const compiler = Compiler.find();
  if (!compiler) throw new Error(String(withoutEmulator()));
  return new Emulator(compiler, koffi.load(compiler.runtime()), options);
}

class Emulator implements Device {
  readonly description: string;
  readonly multiprocessors: number;
  readonly hasBf16: boolean;
  private readonly seed: number;
  private readonly uploads: 'early' | 'late';
  private readonly memory: Memory;
  private readonly kernels: KernelCache;
  private readonly libraries: Libraries;
  /** Work of a capture in progress. */
  private recording: (() => void)[] | undefined;
  /** What was prepared or captured and is not closed. */
  private readonly open = new Set<object>();

  constructor(compiler: Compiler, library: LibraryHandle, options: EmulatorOptions) {
    this.description = `CUDA kernels on the processor, compiled by ${compiler.version}`;
    this.multiprocessors = options.multiprocessors ?? 4;
    this.hasBf16 = options.hasBf16 ?? true;
    this.seed = options.seed ?? 0;
    this.uploads = options.uploads ?? 'early';
    this.memory = new Memory(library, options.memoryBytes ?? 2 ** 33);
    this.kernels = new KernelCache(compiler, options.prelude, library.func('const char *emulator_error()'));
    this.libraries = bindLibraries(library);
  }

  allocate(bytes: number): Pointer {
    this.forbidInCapture('allocate');
    return this.memory.allocate(bytes);
  }

  free(pointer: Pointer): void {
    this.forbidInCapture('free');
    this.memory.free(pointer);
  }

  clear(pointer: Pointer, bytes: number): void {
    this.add(() => this.memory.fill('clear', pointer, 0, bytes));
  }

  upload(pointer: Pointer, data: ArrayBufferView): void {
    this.forbidInCapture('upload');
    this.memory.upload(pointer, data);
  }

  download(pointer: Pointer, data: ArrayBufferView): void {
    this.forbidInCapture('download');
    this.memory.download(pointer, data);
  }

  deliver(downloads: readonly Download[]): Delivery {
    const copies = downloads.map(({ pointer, data }) => {
      const bytes = new Uint8Array(data.byteLength);
      this.download(pointer, bytes);
      return { to: new Uint8Array(data.buffer, data.byteOffset, data.byteLength), bytes };
    });
    let questions = 0;
    const fill = (): void => {
      for (const { to, bytes } of copies.splice(0)) to.set(bytes);
      questions = QUESTIONS;
    };
    return {
      isDone: () => {
        if (++questions >= QUESTIONS) fill();
        return questions >= QUESTIONS;
      },
      wait: fill,
    };
  }

  copy(to: Pointer, from: Pointer, bytes: number): void {
    this.add(() => this.memory.copy(to, from, bytes));
  }

  arrivals(): Arrivals {
    const late: (() => void)[] = [];
    const arrivals: Arrivals = {
      upload: (pointer, data) => {
        this.forbidInCapture('upload');
        if (this.uploads === 'early') return this.memory.upload(pointer, data);
        const { buffer, byteOffset, byteLength } = data;
        const kept = new Uint8Array(buffer, byteOffset, byteLength).slice();
        late.push(() => this.memory.upload(pointer, kept));
      },
      take: (body) => {
        for (const upload of late.splice(0)) upload();
        body();
      },
      close: () => void this.open.delete(arrivals),
    };
    this.open.add(arrivals);
    return arrivals;
  }

  compile(sources: readonly KernelSource[]): Promise<readonly Kernel[]> {
    return this.kernels.compile(sources);
  }

  launch(kernel: Kernel, shape: LaunchShape, pointers: readonly Pointer[]): void {
    if (!(kernel instanceof EmulatedKernel)) throw new Error(`kernel ${kernel.name} is of another device`);
    const given = [...pointers];
    this.add(() => {
      for (const [index, pointer] of given.entries())
        if (pointer !== 0) this.memory.checkInside(`parameter ${index} of kernel ${kernel.name}`, pointer, 1);
      kernel.launch(shape, given, this.seed);
    });
  }

  convolution(spec: ConvolutionSpec): Prepared<ConvolutionPointers> | undefined {
    const { bias = false, addend = false, activation } = spec.epilogue ?? {};
    if (activation && activation.fn !== 'relu') return undefined;
    if (spec.kind !== 'forward' && (bias || addend || activation)) return undefined;
    const encoded = encodeConvolution(spec);
    return this.prepare(`loops, ${spec.kind}`, (pointers) => {
      checkConvolution(this.memory, spec, pointers);
      this.libraries.convolution(encoded, pointers);
    });
  }

  product(spec: ProductSpec): Prepared<{ readonly a: Pointer; readonly b: Pointer; readonly c: Pointer }> {
    const encoded = encodeProduct(spec);
    return this.prepare('loops', ({ a, b, c }) => {
      for (const [name, pointer] of [
        ['a', a],
        ['b', b],
        ['c', c],
      ] as const)
        this.memory.checkInside(`${name} of a product`, pointer, extentOf(spec[name]));
      this.libraries.product(encoded, a, b, c);
    });
  }

  private prepare<Pointers extends object>(
    implementation: string,
    compute: (pointers: Pointers) => void,
  ): Prepared<Pointers> {
    const prepared: Prepared<Pointers> = {
      implementation,
      workspaceBytes: WORKSPACE,
      run: (pointers, workspace) => {
        if (!this.open.has(prepared)) throw new Error('a convolution or product was run after it was closed');
        const given = { ...pointers };
        this.add(() => {
          this.memory.fill('a workspace', workspace, 0xff, WORKSPACE);
          compute(given);
        });
      },
      close: () => void this.open.delete(prepared),
    };
    this.open.add(prepared);
    return prepared;
  }

  /** The last, since times on a processor say nothing. */
  async choose<Way extends string>({ ways }: Ways<Way>): Promise<Way> {
    return ways.at(-1)!;
  }

  capture(body: () => void): CapturedGraph {
    this.forbidInCapture('capture');
    const work: (() => void)[] = [];
    this.recording = work;
    try {
      body();
    } finally {
      this.recording = undefined;
    }
    const graph: CapturedGraph = {
      launch: () => {
        this.forbidInCapture('launch of a graph');
        if (!this.open.has(graph)) throw new Error('a graph was launched after it was closed');
        for (const step of work) step();
      },
      close: () => void this.open.delete(graph),
    };
    this.open.add(graph);
    return graph;
  }

  aside(body: () => void): () => void {
    body();
    return () => undefined;
  }

  time(body: () => void): number {
    this.forbidInCapture('time');
    const start = performance.now();
    body();
    return performance.now() - start;
  }

  synchronize(): void {
    this.forbidInCapture('synchronize');
    this.memory.checkGuards();
  }

  /** @throws Error where memory was not freed, or something that was prepared was not closed */
  close(): void {
    const { count, bytes } = this.memory.clear();
    const open = this.open.size;
    this.open.clear();
    if (count + open > 0)
      throw new Error(
        `the device was closed with ${count} allocations of ${bytes} bytes not freed and ${open} prepared works, graphs or arrivals not closed`,
      );
  }

  private add(work: () => void): void {
    if (this.recording) this.recording.push(work);
    else work();
  }

  private forbidInCapture(what: string): void {
    if (this.recording) throw new Error(`${what} is not possible in a capture`);
  }
}
