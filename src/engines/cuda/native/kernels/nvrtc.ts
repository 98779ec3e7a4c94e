import type { LibraryHandle } from 'koffi';
import { UserError } from '../../../../errors.js';
import { Cell, HostMemory, writePointer } from '../hostMemory.js';

/** What kernels are compiled for. */
export interface CompilerTarget {
  /** `sm_90` for machine code of exactly that capability, `compute_90` for PTX that newer devices translate. */
  readonly architecture: string;
}

/** NVRTC's functions, which compile CUDA C++. */
export interface Nvrtc {
  /** `13.0` */
  readonly version: string;
  /**
   * The best target for a device: its own machine code, or PTX of the newest capability that this NVRTC knows and the device has.
   *
   * @param capability 90 for 9.0
   * @throws UserError when it knows none that the device has
   */
  target(capability: number): CompilerTarget;
  /** The compiled module: a cubin, or PTX with a zero at its end. @throws CompilerError with the compiler's log */
  compile(source: string, name: string, target: CompilerTarget): Promise<Uint8Array>;
}

/** A source that does not compile. */
export class CompilerError extends UserError {}

/** A function of NVRTC that was called: its code. */
type Functions = ReturnType<typeof bindFunctions>;

/**
 * Binds NVRTC.
 *
 * @param parallel whether the compiler may run on other threads, whose stacks are large enough
 */
export function bindNvrtc(library: LibraryHandle, parallel: boolean): Nvrtc {
  const functions = bindFunctions(library);
  return {
    version: readVersion(functions),
    target: (capability) => chooseTarget(supported(functions), capability),
    compile: (source, name, target) => new Compilation(functions, source, name).run(target, parallel),
  };
}

function bindFunctions(library: LibraryHandle) {
  const message = library.func('const char *nvrtcGetErrorString(int)');
  const bind = (name: string, types: string) => {
    const call = library.func(`int ${name}(${types})`);
    return (...values: (number | Uint8Array)[]): void => {
      const code: number = call(...values);
      if (code !== 0) throw new UserError(`${name} failed: ${message(code)}`);
    };
  };
  return {
    version: bind('nvrtcVersion', 'uintptr_t, uintptr_t'),
    supportedCount: bind('nvrtcGetNumSupportedArchs', 'uintptr_t'),
    supported: bind('nvrtcGetSupportedArchs', 'uintptr_t'),
    create: bind('nvrtcCreateProgram', 'uintptr_t, const void *, const void *, int, uintptr_t, uintptr_t'),
    destroy: bind('nvrtcDestroyProgram', 'uintptr_t'),
    /** Returns its code. */
    compile: library.func('int nvrtcCompileProgram(uintptr_t, int, uintptr_t)'),
    message: (code: number): string => message(code),
    logSize: bind('nvrtcGetProgramLogSize', 'uintptr_t, uintptr_t'),
    log: bind('nvrtcGetProgramLog', 'uintptr_t, void *'),
    cubinSize: bind('nvrtcGetCUBINSize', 'uintptr_t, uintptr_t'),
    cubin: bind('nvrtcGetCUBIN', 'uintptr_t, void *'),
    ptxSize: bind('nvrtcGetPTXSize', 'uintptr_t, uintptr_t'),
    ptx: bind('nvrtcGetPTX', 'uintptr_t, void *'),
  };
}

function readVersion({ version }: Functions): string {
  const [major, minor] = [new Cell(), new Cell()];
  version(major.address, minor.address);
  return `${major.int}.${minor.int}`;
}

function supported({ supportedCount, supported }: Functions): number[] {
  const count = new Cell();
  supportedCount(count.address);
  const memory = new HostMemory(4 * count.int);
  supported(memory.address);
  return [...memory.words()];
}

/** See {@link Nvrtc.target}; capabilities as 90 for 9.0. */
export function chooseTarget(known: readonly number[], capability: number): CompilerTarget {
  if (known.includes(capability)) return { architecture: `sm_${capability}` };
  const older = known.filter((one) => one < capability);
  if (older.length === 0)
    throw new UserError(
      `NVRTC compiles for compute capability ${asVersion(Math.min(...known))} and newer; the GPU has ${asVersion(capability)}`,
    );
  return { architecture: `compute_${Math.max(...older)}` };
}

function asVersion(capability: number): string {
  return `${Math.floor(capability / 10)}.${capability % 10}`;
}

/** One run of the compiler. */
class Compilation {
  private readonly cell = new Cell();
  private readonly program: number;

  constructor(
    private readonly functions: Functions,
    source: string,
    private readonly name: string,
  ) {
    functions.create(this.cell.address, terminated(source), terminated(`${name}.cu`), 0, 0, 0);
    this.program = this.cell.pointer;
  }

  async run(target: CompilerTarget, parallel: boolean): Promise<Uint8Array> {
    try {
      const code = await this.compile(optionsFor(target), parallel);
      if (code !== 0)
        throw new CompilerError(
          `the CUDA kernel ${this.name} does not compile (${this.functions.message(code)}): ${this.log()}`,
        );
      return this.result(target);
    } finally {
      this.cell.pointer = this.program;
      this.functions.destroy(this.cell.address);
    }
  }

  private compile(options: readonly string[], parallel: boolean): Promise<number> {
    const texts = options.map((option) => {
      const text = terminated(option);
      const memory = new HostMemory(text.length);
      memory.bytes.set(text);
      return memory;
    });
    const list = new HostMemory(8 * texts.length);
    const words = list.words();
    texts.forEach(({ address }, index) => {
      writePointer(words, index, address);
    });
    const { compile } = this.functions;
    const kept = [...texts, list];
    if (!parallel) return Promise.resolve(compile(this.program, texts.length, list.address));
    return new Promise((resolve, reject) => {
      compile.async(this.program, texts.length, list.address, (error: Error | null, code: number) => {
        // The memory is referenced until the compiler has read it.
        kept.length = 0;
        if (error) reject(error);
        else resolve(code);
      });
    });
  }

  private log(): string {
    this.functions.logSize(this.program, this.cell.address);
    const text = new Uint8Array(this.cell.pointer);
    this.functions.log(this.program, text);
    return textOf(text).trim();
  }

  private result({ architecture }: CompilerTarget): Uint8Array {
    const { cubin, cubinSize, ptx, ptxSize } = this.functions;
    const [size, read] = architecture.startsWith('sm_') ? [cubinSize, cubin] : [ptxSize, ptx];
    size(this.program, this.cell.address);
    const image = new Uint8Array(this.cell.pointer);
    read(this.program, image);
    return image;
  }
}

/** Options of the compiler. Multiplications and additions are fused, as is the default, and nothing else is less exact than IEEE. */
function optionsFor({ architecture }: CompilerTarget): string[] {
  return [`-arch=${architecture}`, '-std=c++17', '-fmad=true'];
}

/** What the result of {@link Nvrtc.compile} depends on besides the source. */
export function describeTarget(version: string, target: CompilerTarget): string {
  return [version, ...optionsFor(target)].join(' ');
}

function terminated(text: string): Uint8Array {
  return Buffer.from(`${text}\0`, 'utf8');
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8');
}
