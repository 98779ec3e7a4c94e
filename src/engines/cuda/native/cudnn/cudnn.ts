import type { LibraryHandle } from 'koffi';
import { UserError } from '../../../../errors.js';
import { Cell } from '../hostMemory.js';
import { LibraryError } from '../libraryError.js';

/** `CUDNN_STATUS_NOT_SUPPORTED` and all that say why; `CUDNN_STATUS_BAD_PARAM` likewise. */
const NOT_SUPPORTED = 3000;
const BAD_PARAMETER = 2000;
/** Longest text of the last error. */
const TEXT_BYTES = 1024;

/** A function of cuDNN that failed. */
export class CudnnError extends LibraryError {
  constructor(
    call: string,
    readonly code: number,
    text: string,
  ) {
    super(`${call} failed: ${text}`);
  }

  /** Whether cuDNN has nothing that computes what was asked for. */
  get isUnsupported(): boolean {
    return this.code >= NOT_SUPPORTED && this.code < NOT_SUPPORTED + 1000;
  }

  /** Whether cuDNN found the description wrong, which it also does where types cannot be combined. */
  get isRefused(): boolean {
    return this.code >= BAD_PARAMETER && this.code < BAD_PARAMETER + 1000;
  }
}

/** Elements of an attribute in the memory's layout that its type has. */
export type Elements = BigInt64Array | BigUint64Array | Int32Array | Float32Array | Float64Array | Uint8Array;

/** cuDNN's functions, with a handle that works on a stream. */
export class Cudnn {
  private readonly cell = new Cell();

  /** @param handle 0 describes operations, but cannot run them */
  constructor(
    private readonly functions: CudnnFunctions,
    readonly handle = 0,
  ) {}

  /** @throws UserError when it cannot be initialised on this device */
  static open(library: LibraryHandle, stream: number): Cudnn {
    const functions = bindCudnn(library);
    const out = new Cell();
    functions.create(out.address);
    functions.setStream(out.pointer, stream);
    return new Cudnn(functions, out.pointer);
  }

  /** Has it work on another stream from now on. */
  useStream(stream: number): void {
    this.functions.setStream(this.handle, stream);
  }

  /** @param type of {@link DESCRIPTOR} */
  descriptor(type: number): Descriptor {
    this.functions.createDescriptor(type, this.cell.address);
    return new Descriptor(this, this.cell.pointer);
  }

  destroy(pointer: number): void {
    this.functions.destroyDescriptor(pointer);
  }

  finalize(pointer: number): void {
    this.functions.finalize(pointer);
  }

  set(pointer: number, attribute: number, type: number, elements: Elements): void {
    this.functions.setAttribute(pointer, attribute, type, elements.length, elements);
  }

  /** Reads at most so many elements as `elements` has, and returns how many there are. */
  get(pointer: number, attribute: number, type: number, elements: Elements): number {
    this.functions.getAttribute(pointer, attribute, type, elements.length, this.cell.address, elements);
    return this.cell.pointer;
  }

  /** How many elements an attribute has. */
  count(pointer: number, attribute: number, type: number): number {
    this.functions.getAttribute(pointer, attribute, type, 0, this.cell.address, null);
    return this.cell.pointer;
  }

  execute(plan: number, pack: number): void {
    this.functions.execute(this.handle, plan, pack);
  }

  close(): void {
    this.functions.destroy(this.handle);
  }
}

/** An object of cuDNN, described by attributes. */
export class Descriptor {
  constructor(
    private readonly cudnn: Cudnn,
    readonly pointer: number,
  ) {}

  set(attribute: number, type: number, elements: Elements): this {
    this.cudnn.set(this.pointer, attribute, type, elements);
    return this;
  }

  setIntegers(attribute: number, type: number, values: readonly number[]): this {
    return this.set(attribute, type, BigInt64Array.from(values, BigInt));
  }

  setEnum(attribute: number, type: number, value: number): this {
    return this.set(attribute, type, Int32Array.of(value));
  }

  setPointers(attribute: number, type: number, pointers: readonly number[]): this {
    return this.set(attribute, type, BigUint64Array.from(pointers, BigInt));
  }

  get(attribute: number, type: number, elements: Elements): number {
    return this.cudnn.get(this.pointer, attribute, type, elements);
  }

  count(attribute: number, type: number): number {
    return this.cudnn.count(this.pointer, attribute, type);
  }

  finalize(): this {
    this.cudnn.finalize(this.pointer);
    return this;
  }

  close(): void {
    this.cudnn.destroy(this.pointer);
  }
}

/** Parameters of cuDNN's functions that return a status. */
export const signatures: Readonly<Record<string, string>> = {
  cudnnCreate: 'uintptr_t',
  cudnnDestroy: 'uintptr_t',
  cudnnSetStream: 'uintptr_t, uintptr_t',
  cudnnBackendCreateDescriptor: 'int, uintptr_t',
  cudnnBackendDestroyDescriptor: 'uintptr_t',
  cudnnBackendFinalize: 'uintptr_t',
  cudnnBackendSetAttribute: 'uintptr_t, int, int, int64_t, const void *',
  cudnnBackendGetAttribute: 'uintptr_t, int, int, int64_t, uintptr_t, void *',
  cudnnBackendExecute: 'uintptr_t, uintptr_t, uintptr_t',
};

/** See {@link bindCudnn}. */
export type CudnnFunctions = ReturnType<typeof bindCudnn>;

/** Binds cuDNN's functions, which throw {@link CudnnError}. */
export function bindCudnn(library: LibraryHandle) {
  const message = library.func('const char *cudnnGetErrorString(int)');
  const lastError = library.func('void cudnnGetLastErrorString(void *, size_t)');
  const textOf = (code: number): string => {
    const bytes = Buffer.alloc(TEXT_BYTES);
    lastError(bytes, TEXT_BYTES);
    const detail = bytes.toString('utf8', 0, bytes.indexOf(0)).replaceAll(/\s+/g, ' ').trim();
    return `${message(code)}${detail === '' ? '' : `, ${detail}`}`;
  };
  const bind = (name: string) => {
    const call = library.func(`int ${name}(${signatures[name]})`);
    return (...values: (number | Elements | null)[]): void => {
      const code: number = call(...values);
      if (code !== 0) throw new CudnnError(name, code, textOf(code));
    };
  };
  return {
    create: bind('cudnnCreate'),
    destroy: bind('cudnnDestroy'),
    setStream: bind('cudnnSetStream'),
    createDescriptor: bind('cudnnBackendCreateDescriptor'),
    destroyDescriptor: bind('cudnnBackendDestroyDescriptor'),
    finalize: bind('cudnnBackendFinalize'),
    setAttribute: bind('cudnnBackendSetAttribute'),
    getAttribute: bind('cudnnBackendGetAttribute'),
    execute: bind('cudnnBackendExecute'),
  };
}

/** The version of a loaded cuDNN: `9.15.1`. @throws UserError when it is not cuDNN 9 */
export function readVersion(library: LibraryHandle): string {
  const number = Number(library.func('size_t cudnnGetVersion()')());
  const [major, minor, patch] = [Math.floor(number / 10000), Math.floor(number / 100) % 100, number % 100];
  if (major !== 9) throw new UserError(`cuDNN ${number} was found; this engine knows cuDNN 9`);
  return `${major}.${minor}.${patch}`;
}
