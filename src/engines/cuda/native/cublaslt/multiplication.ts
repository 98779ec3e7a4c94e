import type { Arithmetic, Pointer, ProductSpec, StorageType, StridedTensor } from '../../device.js';
import { type Candidate, freedTogether } from '../algorithms/candidate.js';
import { HostMemory } from '../hostMemory.js';
import { LibraryError } from '../libraryError.js';
import { type Algorithm, proposeAlgorithms } from './algorithms.js';
import type { CublasLt } from './cublasLt.js';
import { columnMajor } from './matrix.js';

/** A product whose result is row by row, and what follows: a bias of c's type, one number for each of its columns, an addend like c, relu. */
export interface MultiplicationSpec extends ProductSpec {
  readonly epilogue: { readonly bias: boolean; readonly addend: boolean; readonly relu: boolean };
}

/** Pointers of a product's matrices and of what is added. */
export interface MultiplicationPointers {
  readonly a: Pointer;
  readonly b: Pointer;
  readonly c: Pointer;
  readonly bias?: Pointer | undefined;
  readonly addend?: Pointer | undefined;
}

/** `cublasComputeType_t`: bf16 and f32 are both multiplied and added as they are, in f32. */
const COMPUTE: Readonly<Record<Arithmetic, number>> = { f32: 68, tf32: 77, bf16: 68 };
/** `cudaDataType_t` */
const DATA_TYPE: Readonly<Record<StorageType, number>> = { f32: 0, bf16: 14, i32: 10 };
/** `cublasLtMatmulDescAttributes_t`, and `CUBLAS_OP_T`. */
const OPERATION = { transposeA: 3, transposeB: 4, epilogue: 7, biasPointer: 8, transposed: 1 } as const;
/** `cublasLtEpilogue_t` */
const EPILOGUE = { relu: 2, bias: 4 } as const;
/** Stands for a bias while algorithms are looked for: aligned, and never read. */
const SOME_POINTER = 256;

/**
 * cuBLASLt's algorithms for a product, the one first that it holds for the fastest; none where it does not know how to compute it.
 *
 * @param only see {@link Candidate.implementation}: the one that is wanted
 */
export function proposeMultiplications(
  library: CublasLt,
  spec: MultiplicationSpec,
  only?: string,
): Candidate<MultiplicationPointers>[] {
  let task: Multiplication | undefined;
  try {
    const made = new Multiplication(library, spec);
    task = made;
    const algorithms = proposeAlgorithms(library, made).filter(({ name }) => !only || name === only);
    return freedTogether(
      algorithms.map((algorithm) => made.candidate(algorithm)),
      () => made.close(),
    );
  } catch (error) {
    task?.close();
    if (error instanceof LibraryError) return [];
    throw error;
  }
}

/** A product as cuBLASLt knows it. Its matrices are column by column: what it computes is cᵀ = bᵀ·aᵀ. */
class Multiplication {
  readonly operation: number;
  readonly left: number;
  readonly right: number;
  readonly output: number;
  private readonly made: (() => void)[] = [];

  constructor(
    private readonly library: CublasLt,
    private readonly spec: MultiplicationSpec,
  ) {
    try {
      [this.left, this.right, this.output] = [this.layout(spec.b), this.layout(spec.a), this.layout(spec.c)];
      this.operation = this.describeOperation();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  candidate({ name, memory, workspaceBytes }: Algorithm): Candidate<MultiplicationPointers> {
    const { left, right, output, operation } = this;
    const { functions, handle, stream } = this.library;
    const factors = { product: scalar(1), addend: scalar(this.spec.epilogue.addend ? 1 : 0) };
    const bias = this.spec.epilogue.bias ? new BigUint64Array(1) : undefined;
    return {
      implementation: name,
      workspaceBytes,
      run: (pointers, workspace) => {
        if (bias) {
          bias[0] = BigInt(pointers.bias!);
          functions.setOperation(operation, OPERATION.biasPointer, bias, 8);
        }
        functions.multiply(
          ...[
            handle,
            operation,
            factors.product.address,
            pointers.b,
            left,
            pointers.a,
            right,
            factors.addend.address,
          ],
          ...[pointers.addend ?? pointers.c, output, pointers.c, output],
          ...[memory.address, workspace, workspaceBytes, stream()],
        );
      },
      close: () => {},
    };
  }

  close(): void {
    for (const close of this.made.splice(0)) close();
  }

  private layout(tensor: StridedTensor): number {
    const { rows, columns, leading } = columnMajor(tensor);
    const { createLayout, destroyLayout } = this.library.functions;
    const layout = this.library.created((out) =>
      createLayout(out, DATA_TYPE[tensor.type], rows, columns, leading),
    );
    this.made.push(() => destroyLayout(layout));
    return layout;
  }

  private describeOperation(): number {
    const { a, b, arithmetic, epilogue } = this.spec;
    const { createOperation, destroyOperation, setOperation } = this.library.functions;
    const operation = this.library.created((out) => createOperation(out, COMPUTE[arithmetic], DATA_TYPE.f32));
    this.made.push(() => destroyOperation(operation));
    const set = (attribute: number, value: number): void =>
      setOperation(operation, attribute, Int32Array.of(value), 4);
    if (columnMajor(b).isTransposed) set(OPERATION.transposeA, OPERATION.transposed);
    if (columnMajor(a).isTransposed) set(OPERATION.transposeB, OPERATION.transposed);
    const after = (epilogue.relu ? EPILOGUE.relu : 0) | (epilogue.bias ? EPILOGUE.bias : 0);
    if (after !== 0) set(OPERATION.epilogue, after);
    if (epilogue.bias)
      setOperation(operation, OPERATION.biasPointer, BigUint64Array.of(BigInt(SOME_POINTER)), 8);
    return operation;
  }
}

function scalar(value: number): HostMemory {
  const memory = new HostMemory(4);
  new Float32Array(memory.bytes.buffer)[0] = value;
  return memory;
}
