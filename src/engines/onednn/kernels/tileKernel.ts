import { type Assembler, GPR, type Lanes, type Memory, type Vector } from './assembler.js';
import { ARGUMENT, type Constants, compileKernel, FLOAT, type Kernel, ZERO } from './kernel.js';
import { emitProduct, type Matrix } from './linear.js';
import { emitLoop } from './loop.js';
import { emitLoad, emitStore, type Format } from './numbers.js';

/** How far a side of a kernel's tensors moves, in bytes. */
export interface Strides {
  /** Of what unit u begins with: u = outer · (number of inner) + inner. */
  readonly outer: number;
  readonly inner: number;
  /** What its numbers are in memory. */
  readonly format: Format;
  /** From one tile to the next in a row. */
  readonly column: number;
  /** From a row of tiles to the next. */
  readonly row: number;
  /** Of the first tile's first element. */
  readonly start: number;
  /** From an element of a tile to the one below it, and to the one beside it. */
  readonly elementRow: number;
  readonly elementColumn: number;
}

/** Rows (or columns) of tiles, one after the other, that are alike in which of their elements exist. */
export interface Run {
  readonly count: number;
  /** Elements from `begin` to `end` (exclusive) exist; the others are zero, or not to be written. */
  readonly begin: number;
  readonly end: number;
}

/** Y = M·X·Mᵀ for every tile X, for a vector of channels (or weights) at once. */
export interface TileTransform {
  /** Floats of a vector. */
  readonly lanes: Lanes;
  readonly matrix: Matrix;
  /** Units are what threads take, `together` so many; `inner` as in {@link Strides}. */
  readonly units: number;
  readonly together?: number;
  readonly inner: number;
  readonly src: Strides;
  readonly dst: Strides;
  readonly rows: readonly Run[];
  readonly columns: readonly Run[];
  /** Which side the runs' limits are of. */
  readonly limited: 'src' | 'dst' | 'neither';
  /** What is done with results before they are written: the bias of the unit's inner index, an addend that lies as the results do, max(0, ·). */
  readonly bias?: boolean;
  readonly addend?: boolean;
  readonly relu?: boolean;
}

const ADDEND = GPR.rcx;
const ADDED: Vector = 11;
/** Where a kernel emits a tile, and which of the tile's rows and columns exist. */
interface TileEmission {
  readonly asm: Assembler;
  readonly constants: Constants;
  readonly transform: TileTransform;
  readonly rows: Run;
  readonly columns: Run;
}

/** Whether row or column `i` of a tile's source or result exists. */
function exists({ limited }: TileTransform, side: 'src' | 'dst', { begin, end }: Run, i: number): boolean {
  return limited !== side || (i >= begin && i < end);
}

/** Where an element lies in its tile. */
function elementOffset({ elementRow, elementColumn }: Strides, row: number, column: number): number {
  return row * elementRow + column * elementColumn;
}

/** Where the stack keeps M·X. */
function scratch({ matrix, lanes }: TileTransform, row: number, column: number): Memory {
  return { base: GPR.rsp, offset: lanes * FLOAT * (row * matrix[0]!.length + column) };
}

/** Emits M·X, column by column. */
function emitColumns({ asm, constants, transform, rows, columns }: TileEmission): void {
  const { matrix, src } = transform;
  matrix[0]!.forEach((_, column) => {
    if (!exists(transform, 'src', columns, column)) return;
    const inputs = matrix[0]!.map((_, row) => {
      if (!exists(transform, 'src', rows, row)) return undefined;
      emitLoad(asm, src.format, row, { base: GPR.r8, offset: elementOffset(src, row, column) });
      return row;
    });
    const isWanted = (row: number): boolean => exists(transform, 'dst', rows, row);
    const put = (row: number, result: Vector): void => asm.store(scratch(transform, row, column), result);
    emitProduct(asm, constants, { matrix, inputs, isWanted, put });
  });
}

/** Emits (M·X)·Mᵀ, row by row, and what follows it. */
function emitRows({ asm, constants, transform, rows, columns }: TileEmission): void {
  const { matrix, dst, bias, addend, relu } = transform;
  matrix.forEach((_, row) => {
    if (!exists(transform, 'dst', rows, row)) return;
    const inputs = matrix[0]!.map((_, column) => {
      if (!exists(transform, 'src', columns, column)) return undefined;
      asm.load(column, scratch(transform, row, column));
      return column;
    });
    const put = (column: number, result: Vector): void => {
      const offset = elementOffset(dst, row, column);
      if (bias) asm.vector('add', result, result, { base: GPR.r11, offset: 0 });
      if (addend) {
        emitLoad(asm, dst.format, ADDED, { base: ADDEND, offset });
        asm.vector('add', result, result, ADDED);
      }
      // In this order it keeps what is no number.
      if (relu) asm.vector('max', result, ZERO, result);
      emitStore(asm, constants, dst, { base: GPR.r9, offset }, result);
    };
    const isWanted = (column: number): boolean => exists(transform, 'dst', columns, column);
    emitProduct(asm, constants, { matrix, inputs, isWanted, put });
  });
}

function emitTile(emission: TileEmission): void {
  const { asm, transform } = emission;
  emitColumns(emission);
  if (transform.addend) {
    asm.copy(ADDEND, GPR.r9);
    asm.addMemory(ADDEND, { base: GPR.r15, offset: ARGUMENT.addend });
  }
  emitRows(emission);
}

/** Emits `body` for each run, in a loop that counts in a register where there is more than one. */
function emitRuns(
  asm: Assembler,
  runs: readonly Run[],
  counter: typeof GPR.rbx | typeof GPR.r12,
  body: (run: Run) => void,
): void {
  for (const run of runs) emitLoop(asm, counter, run.count, () => body(run));
}

/** Emits where the unit in rax lies: pointers to its source, result and bias. */
function emitPointers(asm: Assembler, { inner, src, dst, bias }: TileTransform): void {
  asm.set(GPR.rcx, inner);
  asm.divide(GPR.rcx);
  const point = (pointer: typeof GPR.r8 | typeof GPR.r9, side: Strides, argument: number): void => {
    asm.multiply(pointer, GPR.rax, side.outer);
    asm.multiply(GPR.rcx, GPR.rdx, side.inner);
    asm.addRegister(pointer, GPR.rcx);
    asm.addMemory(pointer, { base: GPR.r15, offset: argument });
    asm.addConstant(pointer, side.start);
  };
  point(GPR.r8, src, ARGUMENT.src);
  point(GPR.r9, dst, ARGUMENT.dst);
  if (!bias) return;
  asm.multiply(GPR.r11, GPR.rdx, asm.vectorBytes);
  asm.addMemory(GPR.r11, { base: GPR.r15, offset: ARGUMENT.bias });
}

function emitUnit(asm: Assembler, constants: Constants, transform: TileTransform): void {
  const { src, dst } = transform;
  const across = transform.columns.reduce((total, { count }) => total + count, 0);
  emitPointers(asm, transform);
  emitRuns(asm, transform.rows, GPR.rbx, (rows) => {
    emitRuns(asm, transform.columns, GPR.r12, (columns) => {
      emitTile({ asm, constants, transform, rows, columns });
      asm.addConstant(GPR.r8, src.column);
      asm.addConstant(GPR.r9, dst.column);
    });
    asm.addConstant(GPR.r8, src.row - across * src.column);
    asm.addConstant(GPR.r9, dst.row - across * dst.column);
  });
}

/** Compiles a transform. */
export function compileTransform(transform: TileTransform): Kernel {
  const { lanes, matrix, units, together = 1 } = transform;
  const stackBytes = lanes * FLOAT * matrix.length * matrix[0]!.length;
  return compileKernel({ units, together, stackBytes, lanes }, (asm, constants) =>
    emitUnit(asm, constants, transform),
  );
}
