import koffi from 'koffi';
import type { DnnlLibrary } from '../library.js';
import type { Pointer } from '../memoryDesc.js';
import { ARGUMENT, type Kernel, MOST_OTHERS, RANGE } from './kernel.js';

/** Of Linux's sys/mman.h. */
const READ_WRITE = 3;
const READ_EXECUTE = 5;
const PRIVATE_ANONYMOUS = 0x22;
const PAGE = 4096;
/** Addresses of user space are lower; an error is a negative number, which reads as a higher one. */
const ADDRESS_END = 2 ** 48;

/** The instruction that ends a function. */
const RETURN = 0xc3;

/** The functions of C that place and run code. */
interface Functions {
  readonly parallel: (code: Pointer, argument: Pointer, threads: number, flags: number) => void;
  readonly mmap: (...args: readonly [Pointer, number, number, number, number, number]) => number;
  readonly memcpy: (to: Pointer, from: Uint8Array, bytes: number) => Pointer;
  readonly mprotect: (address: Pointer, bytes: number, protection: number) => number;
  readonly munmap: (address: Pointer, bytes: number) => number;
  /** Address of the function of OpenMP that says the number of the thread that calls it. */
  readonly threadNumber: Pointer;
}

function bind({ handle }: DnnlLibrary): Functions {
  const c = koffi.load(null);
  return {
    threadNumber: Number(handle.symbol('omp_get_thread_num')),
    parallel: handle.func('void GOMP_parallel(uintptr_t, uintptr_t, uint, uint)'),
    mmap: c.func('uintptr_t mmap(uintptr_t, size_t, int, int, int, int64_t)'),
    memcpy: c.func('uintptr_t memcpy(uintptr_t, const void *, size_t)'),
    mprotect: c.func('int mprotect(uintptr_t, size_t, int)'),
    munmap: c.func('int munmap(uintptr_t, size_t)'),
  };
}

/** Where a kernel's tensors lie. */
export interface KernelAddresses {
  readonly src: Pointer;
  readonly dst: Pointer;
  readonly bias?: Pointer | undefined;
  readonly addend?: Pointer | undefined;
  /** What else is read, then what else is written. */
  readonly others?: readonly Pointer[];
}

/** The units that each thread begins with. */
interface Ranges {
  readonly length: number;
  readonly begins: readonly bigint[];
  readonly table: BigInt64Array;
  readonly address: bigint;
}

/** Divides units, of which `together` are taken at once, among threads. */
function rangesOf(units: number, together: number, threads: number): Ranges {
  const table = new BigInt64Array((RANGE.bytes / 8) * Math.max(1, threads));
  const at = (thread: number): number => Math.floor(((units / together) * thread) / threads) * together;
  const begins = Array.from({ length: threads }, (_, thread) => {
    table[(thread * RANGE.bytes + RANGE.end) / 8] = BigInt(at(thread + 1));
    return BigInt(at(thread));
  });
  return { length: threads, begins, table, address: BigInt(koffi.address(table.buffer)) };
}

/** Machine code of our own, run on the library's threads: others would compete with those for the processors. */
export class MachineCode {
  /** Addresses of code by its bytes: steps and programs share it. */
  private readonly placed = new Map<string, Pointer>();
  private readonly blocks: { readonly address: Pointer; readonly bytes: number }[] = [];

  private constructor(
    private readonly functions: Functions,
    private threads: number,
  ) {}

  /**
   * @param threads to run on
   * @param environment where `BIASLOSS_KERNELS=0` forbids it
   * @returns undefined where kernels are unsupported: a processor without AVX2, a system other than Linux, a library without
   * OpenMP, a system that forbids executable memory
   */
  static open(
    library: DnnlLibrary,
    threads: number,
    environment: Readonly<Record<string, string | undefined>> = process.env,
  ): MachineCode | undefined {
    const { platform, arch } = process;
    const { instructionSet } = library;
    const isWanted = instructionSet === 'AVX2' || instructionSet.startsWith('AVX512');
    const fits = platform === 'linux' && arch === 'x64';
    if (!fits || !isWanted || environment.BIASLOSS_KERNELS === '0') return undefined;
    try {
      const code = new MachineCode(bind(library), threads);
      const empty = code.place(Uint8Array.of(RETURN));
      if (empty === undefined) return undefined;
      code.run(empty, 0);
      return code;
    } catch {
      return undefined;
    }
  }

  /**
   * Puts code where it can be executed.
   *
   * @returns its address; undefined where the system forbids it
   */
  private place(code: Uint8Array): Pointer | undefined {
    const key = Buffer.from(code).toString('latin1');
    const known = this.placed.get(key);
    if (known !== undefined) return known;
    const { mmap, memcpy, mprotect } = this.functions;
    const bytes = Math.ceil(code.length / PAGE) * PAGE;
    const address = mmap(0, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
    if (address >= ADDRESS_END) return undefined;
    this.blocks.push({ address, bytes });
    memcpy(address, code, code.length);
    if (mprotect(address, bytes, READ_EXECUTE) !== 0) return undefined;
    this.placed.set(key, address);
    return address;
  }

  /** Makes a kernel ready to run on tensors at given addresses. */
  prepare({ code, constants, units, together }: Kernel, addresses: KernelAddresses): () => void {
    const address = this.place(code);
    if (address === undefined) throw new Error('the system has no more memory for machine code');
    const { others = [] } = addresses;
    if (others.length > MOST_OTHERS)
      throw new Error(`a kernel has ${MOST_OTHERS} further operands at the most`);
    const argument = new ArrayBuffer(ARGUMENT.constants + constants.byteLength);
    const header = new BigInt64Array(argument, 0, ARGUMENT.constants / 8);
    header[ARGUMENT.threadNumber / 8] = BigInt(this.functions.threadNumber);
    header[ARGUMENT.src / 8] = BigInt(addresses.src);
    header[ARGUMENT.dst / 8] = BigInt(addresses.dst);
    header[ARGUMENT.bias / 8] = BigInt(addresses.bias ?? 0);
    header[ARGUMENT.addend / 8] = BigInt((addresses.addend ?? 0) - addresses.dst);
    others.forEach((address, i) => {
      header[ARGUMENT.others / 8 + i] = BigInt(address);
    });
    new Int32Array(argument, ARGUMENT.constants).set(constants);
    const argumentAddress = Number(koffi.address(argument));
    let ranges = rangesOf(units, together, 0);
    return () => {
      if (ranges.length !== this.threads) {
        ranges = rangesOf(units, together, this.threads);
        header[ARGUMENT.threads / 8] = BigInt(ranges.length);
        header[ARGUMENT.ranges / 8] = ranges.address;
        header[ARGUMENT.rangesEnd / 8] = ranges.address + BigInt(ranges.length * RANGE.bytes);
      }
      // Units are taken from the first on again; naming the tables also keeps their memory.
      ranges.begins.forEach((begin, i) => {
        ranges.table[(i * RANGE.bytes + RANGE.next) / 8] = begin;
      });
      this.run(address, argumentAddress);
    };
  }

  /** Runs kernels on another number of threads from now on. */
  useThreads(threads: number): void {
    this.threads = threads;
  }

  /** Makes a kernel ready to run on a table, as its only operand. */
  prepareTable(kernel: Kernel, table: ArrayBuffer): () => void {
    const address = Number(koffi.address(table));
    const run = this.prepare(kernel, { src: address, dst: address });
    // Naming the table keeps its memory.
    return () => {
      if (table.byteLength > 0) run();
    };
  }

  /** Calls code that is a function of C, `void f(void *argument)`, on every thread, and waits for all. */
  private run(address: Pointer, argument: Pointer): void {
    this.functions.parallel(address, argument, this.threads, 0);
  }

  close(): void {
    for (const { address, bytes } of this.blocks) this.functions.munmap(address, bytes);
    this.blocks.length = 0;
    this.placed.clear();
  }
}
