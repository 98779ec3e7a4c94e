import type { LibraryHandle } from 'koffi';
import { Cell } from '../hostMemory.js';
import { LibraryError } from '../libraryError.js';

/** Values of attributes in the memory's layout that their types have. */
type Value = Int32Array | Uint32Array | BigUint64Array;

/** cuBLASLt's functions, with a handle. */
export class CublasLt {
  /** `13.1.0` */
  readonly version: string;
  readonly functions: CublasLtFunctions;
  readonly handle: number;
  private readonly cell = new Cell();

  /** @param stream the stream that work is added to now */
  constructor(
    library: LibraryHandle,
    readonly stream: () => number,
  ) {
    this.functions = bindFunctions(library);
    this.version = readCublasVersion(library);
    this.handle = this.created((out) => this.functions.create(out));
  }

  /** What a function writes to the address that it is given. */
  created(create: (out: number) => void): number {
    create(this.cell.address);
    return this.cell.pointer;
  }

  close(): void {
    this.functions.destroy(this.handle);
  }
}

/** The version of a loaded cuBLASLt: `13.1.0`. */
export function readCublasVersion(library: LibraryHandle): string {
  const number = Number(library.func('size_t cublasLtGetVersion()')());
  return [Math.floor(number / 10000), Math.floor(number / 100) % 100, number % 100].join('.');
}

/** Parameters of cuBLASLt's functions that return a status. */
export const signatures: Readonly<Record<string, string>> = {
  cublasLtCreate: 'uintptr_t',
  cublasLtDestroy: 'uintptr_t',
  cublasLtMatmulDescCreate: 'uintptr_t, int, int',
  cublasLtMatmulDescDestroy: 'uintptr_t',
  cublasLtMatmulDescSetAttribute: 'uintptr_t, int, const void *, size_t',
  cublasLtMatrixLayoutCreate: 'uintptr_t, int, uint64_t, uint64_t, int64_t',
  cublasLtMatrixLayoutDestroy: 'uintptr_t',
  cublasLtMatmulPreferenceCreate: 'uintptr_t',
  cublasLtMatmulPreferenceDestroy: 'uintptr_t',
  cublasLtMatmulPreferenceSetAttribute: 'uintptr_t, int, const void *, size_t',
  cublasLtMatmulAlgoGetHeuristic:
    'uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, int, uintptr_t, uintptr_t',
  cublasLtMatmulAlgoConfigGetAttribute: 'uintptr_t, int, uintptr_t, size_t, uintptr_t',
  cublasLtMatmul:
    'uintptr_t, uintptr_t, uintptr_t, uint64_t, uintptr_t, uint64_t, uintptr_t, uintptr_t, uint64_t, uintptr_t, uint64_t, uintptr_t, uintptr_t, uint64_t, size_t, uintptr_t',
};

/** See {@link bindFunctions}. */
type CublasLtFunctions = ReturnType<typeof bindFunctions>;

/** Binds cuBLASLt's functions, which throw {@link LibraryError}. */
export function bindFunctions(library: LibraryHandle) {
  const text = library.func('const char *cublasLtGetStatusString(int)');
  const bind = (name: string) => {
    const call = library.func(`int ${name}(${signatures[name]})`);
    return (...values: (number | Value)[]): void => {
      const code: number = call(...values);
      if (code !== 0) throw new LibraryError(`${name} failed: ${text(code)}`);
    };
  };
  return {
    create: bind('cublasLtCreate'),
    destroy: bind('cublasLtDestroy'),
    createOperation: bind('cublasLtMatmulDescCreate'),
    destroyOperation: bind('cublasLtMatmulDescDestroy'),
    setOperation: bind('cublasLtMatmulDescSetAttribute'),
    createLayout: bind('cublasLtMatrixLayoutCreate'),
    destroyLayout: bind('cublasLtMatrixLayoutDestroy'),
    createPreference: bind('cublasLtMatmulPreferenceCreate'),
    destroyPreference: bind('cublasLtMatmulPreferenceDestroy'),
    setPreference: bind('cublasLtMatmulPreferenceSetAttribute'),
    propose: bind('cublasLtMatmulAlgoGetHeuristic'),
    readAlgorithm: bind('cublasLtMatmulAlgoConfigGetAttribute'),
    multiply: bind('cublasLtMatmul'),
  };
}
