import type { LibraryHandle } from 'koffi';
import { UserError } from '../../../errors.js';
import type { Arithmetic, Pointer, Prepared, ProductSpec, StorageType, StridedTensor } from '../device.js';
import { Cell, HostMemory } from './hostMemory.js';

/** Pointers of a product's matrices. */
type ProductPointers = { readonly a: Pointer; readonly b: Pointer; readonly c: Pointer };

/** `cublasComputeType_t`: bf16 and f32 are both multiplied and added as they are, in f32. */
const COMPUTE: Readonly<Record<Arithmetic, number>> = { f32: 68, tf32: 77, bf16: 68 };
/** `cudaDataType_t` */
const DATA_TYPE: Readonly<Record<StorageType, number>> = { f32: 0, bf16: 14, i32: 10 };
/** `cublasLtMatmulDescAttributes_t`, and `CUBLAS_OP_T`. */
const TRANSPOSE = { a: 3, b: 4, yes: 1 } as const;
/** `cublasLtMatmulPreferenceAttributes_t` */
const PREFERENCE = { workspaceBytes: 1, reductionSchemes: 3, alignments: [5, 6, 7, 8] } as const;
/** `CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE`: parts of a sum are added in f32, in a fixed order. */
const SUM_IN_F32 = 2;
const WORKSPACE_BYTES = 32 * 2 ** 20;
/** All matrices start at multiples of so many bytes. */
const ALIGNMENT = 16;
/** `cublasLtMatmulHeuristicResult_t`: 64 bytes of the algorithm, its workspace's size, its state. */
const RESULT = { bytes: 96, workspace: 64, state: 72 } as const;

/** Matrix products by cuBLASLt, in a stream. */
export class CublasLt {
  /** `13.1.0` */
  readonly version: string;
  private readonly cell = new Cell();
  private readonly functions;
  private readonly handle: number;
  private readonly one = scalar(1);
  private readonly zero = scalar(0);

  constructor(
    library: LibraryHandle,
    /** The stream that work is added to now. */
    private readonly stream: () => number,
  ) {
    this.functions = bindFunctions(library);
    this.version = readCublasVersion(library);
    this.handle = this.created((out) => this.functions.create(out));
  }

  /** See {@link Device.product}. */
  product(spec: ProductSpec): Prepared<ProductPointers> {
    // cuBLASLt's matrices are column by column: what it computes is cᵀ = bᵀ·aᵀ.
    if (spec.c.strides[1] !== 1 && spec.c.shape[1] !== 1) return this.transposed(spec);
    const made: (() => void)[] = [];
    try {
      return this.prepare(spec, made);
    } catch (error) {
      for (const close of made) close();
      throw error;
    }
  }

  close(): void {
    this.functions.destroy(this.handle);
  }

  private transposed({ a, b, c, arithmetic }: ProductSpec): Prepared<ProductPointers> {
    const product = this.product({ a: transpose(b), b: transpose(a), c: transpose(c), arithmetic });
    return {
      ...product,
      run: (pointers, workspace) => product.run({ a: pointers.b, b: pointers.a, c: pointers.c }, workspace),
    };
  }

  private prepare(spec: ProductSpec, made: (() => void)[]): Prepared<ProductPointers> {
    const { functions, handle } = this;
    const [left, right, output] = [
      this.layout(spec.b, made),
      this.layout(spec.a, made),
      this.layout(spec.c, made),
    ];
    const operation = this.created((out) =>
      functions.createOperation(out, COMPUTE[spec.arithmetic], DATA_TYPE.f32),
    );
    made.push(() => functions.destroyOperation(operation));
    for (const [attribute, { isTransposed }] of [
      [TRANSPOSE.a, left],
      [TRANSPOSE.b, right],
    ] as const)
      if (isTransposed) functions.setOperation(operation, attribute, Int32Array.of(TRANSPOSE.yes), 4);
    const layouts = [left.pointer, right.pointer, output.pointer] as const;
    const { algorithm, workspaceBytes } = this.algorithm(operation, layouts, spec);
    return {
      implementation: 'cuBLASLt',
      workspaceBytes,
      run: ({ a, b, c }, workspace) =>
        functions.multiply(
          ...[handle, operation, this.one.address, b, left.pointer, a, right.pointer, this.zero.address],
          ...[
            c,
            output.pointer,
            c,
            output.pointer,
            algorithm.address,
            workspace,
            workspaceBytes,
            this.stream(),
          ],
        ),
      close: () => {
        for (const close of made.splice(0)) close();
      },
    };
  }

  /** A matrix as cuBLASLt sees it: the transpose of ours, and whether it is to be transposed back. */
  private layout(
    tensor: StridedTensor,
    made: (() => void)[],
  ): { readonly pointer: number; readonly isTransposed: boolean } {
    const { rows, columns, leading, isTransposed } = columnMajor(tensor);
    const { createLayout, destroyLayout } = this.functions;
    const pointer = this.created((out) => createLayout(out, DATA_TYPE[tensor.type], rows, columns, leading));
    made.push(() => destroyLayout(pointer));
    return { pointer, isTransposed };
  }

  private algorithm(
    operation: number,
    [left, right, output]: readonly [number, number, number],
    spec: ProductSpec,
  ): { readonly algorithm: HostMemory; readonly workspaceBytes: number } {
    const { functions } = this;
    const preference = this.created((out) => functions.createPreference(out));
    const result = new HostMemory(RESULT.bytes);
    try {
      functions.setPreference(
        preference,
        PREFERENCE.workspaceBytes,
        BigUint64Array.of(BigInt(WORKSPACE_BYTES)),
        8,
      );
      functions.setPreference(preference, PREFERENCE.reductionSchemes, Uint32Array.of(SUM_IN_F32), 4);
      for (const attribute of PREFERENCE.alignments)
        functions.setPreference(preference, attribute, Uint32Array.of(ALIGNMENT), 4);
      functions.propose(
        ...[
          this.handle,
          operation,
          left,
          right,
          output,
          output,
          preference,
          1,
          result.address,
          this.cell.address,
        ],
      );
    } finally {
      functions.destroyPreference(preference);
    }
    const view = new DataView(result.bytes.buffer);
    if (this.cell.int === 0 || view.getInt32(RESULT.state, true) !== 0)
      throw new UserError(`cuBLASLt has no algorithm for ${describe(spec)}`);
    return { algorithm: result, workspaceBytes: Number(view.getBigUint64(RESULT.workspace, true)) };
  }

  private created(create: (out: number) => void): number {
    create(this.cell.address);
    return this.cell.pointer;
  }
}

/** A row-major matrix, transposed or not, as one that is column by column. */
export function columnMajor({ shape, strides }: StridedTensor): {
  readonly rows: number;
  readonly columns: number;
  readonly leading: number;
  readonly isTransposed: boolean;
} {
  const [height, width] = [shape[0]!, shape[1]!];
  const [down, right] = [strides[0]!, strides[1]!];
  if (right === 1 || width === 1)
    return { rows: width, columns: height, leading: Math.max(down, width), isTransposed: false };
  return { rows: height, columns: width, leading: Math.max(right, height), isTransposed: true };
}

function transpose({ type, shape, strides }: StridedTensor): StridedTensor {
  return { type, shape: [shape[1]!, shape[0]!], strides: [strides[1]!, strides[0]!] };
}

function describe({ a, b, c, arithmetic }: ProductSpec): string {
  const text = ({ type, shape }: StridedTensor): string => `${type} ${shape.join('×')}`;
  return `the product of ${text(a)} and ${text(b)} to ${text(c)} in ${arithmetic}`;
}

function scalar(value: number): HostMemory {
  const memory = new HostMemory(4);
  new Float32Array(memory.bytes.buffer)[0] = value;
  return memory;
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
  cublasLtMatmul:
    'uintptr_t, uintptr_t, uintptr_t, uint64_t, uintptr_t, uint64_t, uintptr_t, uintptr_t, uint64_t, uintptr_t, uint64_t, uintptr_t, uintptr_t, uint64_t, size_t, uintptr_t',
};

function bindFunctions(library: LibraryHandle) {
  const text = library.func('const char *cublasLtGetStatusString(int)');
  const bind = (name: string) => {
    const call = library.func(`int ${name}(${signatures[name]})`);
    return (...values: (number | Int32Array | Uint32Array | BigUint64Array)[]): void => {
      const code: number = call(...values);
      if (code !== 0) throw new UserError(`${name} failed: ${text(code)}`);
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
    multiply: bind('cublasLtMatmul'),
  };
}
