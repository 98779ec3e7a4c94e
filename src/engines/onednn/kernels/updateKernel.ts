import type { NodeOf, UpdateKind } from '../../fusion/node.js';
import type { Pointer } from '../memoryDesc.js';
import { type Assembler, GPR, type Memory, type Register, type Vector } from './assembler.js';
import { ARGUMENT, BLOCK, type Constants, compileKernel, FLOAT, type Kernel, VECTOR } from './kernel.js';
import { emitFormula } from './updateFormulas.js';

/** What an update's kernel is compiled from. */
export interface UpdateSource {
  readonly update: Pick<NodeOf<UpdateKind>, 'kind' | 'attributes'>;
  /** Tensors that are updated together: the parameter and its state. */
  readonly tensors: number;
  readonly scalars: number;
  /** Whether the gradient is multiplied by a scalar first, which follows the others. */
  readonly isScaled: boolean;
  /** Rows of the table that the kernel is run on. */
  readonly rows: number;
}

/** Numbers that a thread takes at once: what it reads and writes of them fits into the processor's cache. */
const PIECE = 8192;

/** A row of the table that a kernel is run on, in bytes: a piece of a parameter, of its gradient and of its state. */
const ROW = { mask: 0, addresses: 32, vectors: 64, rest: 72, scalars: 80, bytes: 128 } as const;

/** Rows that a tensor needs. */
export function rowsOf(elements: number): number {
  return Math.ceil(elements / PIECE);
}

/** Where a tensor's update finds its numbers. */
export interface UpdateAddresses {
  readonly elements: number;
  /** At most three: the parameter and its state. */
  readonly updated: readonly Pointer[];
  readonly gradient: Pointer;
  /** At most four. */
  readonly scalars: readonly Pointer[];
}

/** The table that a kernel is run on. */
export function updateTable(tensors: readonly UpdateAddresses[]): ArrayBuffer {
  const pieces = tensors.flatMap((tensor) =>
    Array.from({ length: rowsOf(tensor.elements) }, (_, i) => ({ tensor, begin: i * PIECE })),
  );
  const table = new ArrayBuffer(ROW.bytes * pieces.length);
  pieces.forEach(({ tensor: { elements, updated, gradient, scalars }, begin }, i) => {
    const length = Math.min(PIECE, elements - begin);
    const numbers = new BigInt64Array(table, ROW.bytes * i, ROW.bytes / 8);
    new Int32Array(table, ROW.bytes * i + ROW.mask, BLOCK).fill(-1, 0, length % BLOCK);
    [gradient, ...updated].forEach((address, k) => {
      numbers[ROW.addresses / 8 + k] = BigInt(address + begin * FLOAT);
    });
    numbers[ROW.vectors / 8] = BigInt(Math.floor(length / BLOCK));
    numbers[ROW.rest / 8] = BigInt(length % BLOCK);
    scalars.forEach((address, k) => {
      numbers[ROW.scalars / 8 + k] = BigInt(address);
    });
  });
  return table;
}

/** Registers of addresses: of the gradient, then of what is updated. */
const ADDRESSES: readonly Register[] = [GPR.r8, GPR.r9, GPR.r10, GPR.r11];
const TABLE_ROW = GPR.rbx;
const SCRATCH = GPR.rcx;
const COUNTER = GPR.r12;

const GRADIENT: Vector = 0;
const FREE: Vector = 4;
const ALSO_FREE: Vector = 5;
const MASK: Vector = 6;
const SCALARS: Vector = 8;
const updatedRegister = (index: number): Vector => 1 + index;

const inRow = (offset: number): Memory => ({ base: TABLE_ROW, offset });

/** Emits the update of a vector of numbers, between what loads and what stores them. */
function emitUpdate(asm: Assembler, constants: Constants, source: UpdateSource): void {
  const { update, tensors, scalars, isScaled } = source;
  if (isScaled) asm.vector('mul', GRADIENT, GRADIENT, SCALARS + scalars);
  const registers = {
    updated: Array.from({ length: tensors }, (_, i) => updatedRegister(i)),
    gradient: GRADIENT,
    scalars: Array.from({ length: scalars }, (_, i) => SCALARS + i),
    free: FREE,
    alsoFree: ALSO_FREE,
    constant: (value: number) => constants.of(value),
  };
  emitFormula(asm, registers, update);
}

/** Emits what a piece's whole vectors are computed by. */
function emitVectors(asm: Assembler, constants: Constants, source: UpdateSource): void {
  const addresses = ADDRESSES.slice(0, 1 + source.tensors);
  asm.set(SCRATCH, 0);
  const end = asm.jumpIfAtLeast(SCRATCH, inRow(ROW.vectors));
  asm.loadRegister(COUNTER, inRow(ROW.vectors));
  const begin = asm.position;
  addresses.forEach((base, i) => {
    asm.load(GRADIENT + i, { base, offset: 0 });
  });
  emitUpdate(asm, constants, source);
  addresses.slice(1).forEach((base, i) => {
    asm.store({ base, offset: 0 }, updatedRegister(i));
  });
  for (const base of addresses) asm.addConstant(base, VECTOR);
  asm.loopBack(COUNTER, begin);
  asm.land(end);
}

/** Emits what the numbers after the last whole vector are computed by. */
function emitRest(asm: Assembler, constants: Constants, source: UpdateSource): void {
  const addresses = ADDRESSES.slice(0, 1 + source.tensors);
  asm.set(SCRATCH, 0);
  const end = asm.jumpIfAtLeast(SCRATCH, inRow(ROW.rest));
  asm.load(MASK, inRow(ROW.mask));
  addresses.forEach((base, i) => {
    asm.loadMasked(GRADIENT + i, MASK, { base, offset: 0 });
  });
  emitUpdate(asm, constants, source);
  addresses.slice(1).forEach((base, i) => {
    asm.storeMasked({ base, offset: 0 }, MASK, updatedRegister(i));
  });
  asm.land(end);
}

/** Compiles the update of all parameters in one pass: each number is read once and written once. */
export function compileUpdate(source: UpdateSource): Kernel {
  const { tensors, scalars, isScaled, rows } = source;
  return compileKernel({ units: rows, stackBytes: 0 }, (asm, constants) => {
    asm.multiply(TABLE_ROW, GPR.rax, ROW.bytes);
    asm.addMemory(TABLE_ROW, { base: GPR.r15, offset: ARGUMENT.src });
    ADDRESSES.slice(0, 1 + tensors).forEach((register, i) => {
      asm.loadRegister(register, inRow(ROW.addresses + 8 * i));
    });
    for (let i = 0; i < scalars + (isScaled ? 1 : 0); i++) {
      asm.loadRegister(SCRATCH, inRow(ROW.scalars + 8 * i));
      asm.broadcast(SCALARS + i, { base: SCRATCH, offset: 0 });
    }
    emitVectors(asm, constants, source);
    emitRest(asm, constants, source);
  });
}
