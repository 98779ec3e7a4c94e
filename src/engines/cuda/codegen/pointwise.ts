import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import type { StorageType } from '../device.js';
import type { PlanBuffer } from '../plan/buffer.js';
import { Emitter, UnevenLanes } from './emitter.js';
import { buffersOf, type Expression } from './expression.js';
import { Index, type IndexVariable } from './index.js';
import { axesByStride, isNative, type Stored, sameStrides } from './stored.js';

/** Threads of a block. */
export const THREADS = 256;

/** An expression and where its elements are written. */
export interface Store {
  readonly expression: Expression;
  readonly target: Stored;
}

/** The code of a kernel, without its head: its parameters `p0`, `p1`, … point to buffers. */
export interface KernelBody {
  readonly text: string;
  readonly buffers: readonly {
    readonly buffer: PlanBuffer;
    readonly name: string;
    readonly type: StorageType;
  }[];
  readonly reads: readonly PlanBuffer[];
  readonly writes: readonly PlanBuffer[];
  readonly blocks: number;
  readonly threads: number;
  /** Blocks that a processor of the device shall have room for at once, which limits their registers. */
  readonly residents?: number;
  /** Units of work, `UNITS` in the text, of a kernel whose blocks each do some of them: `BLOCK` is the block's number. */
  readonly units?: number;
  /** Whether units do the same to elements that lie alike: kernels of the same text can then be one. */
  readonly isFlat?: boolean;
}

/** The most lanes that a kernel over a last axis may have: 16 bytes of its smallest numbers. */
export function mostLanes(
  inner: number,
  types: readonly StorageType[],
  units: number,
  processors: number,
): number {
  let lanes = types.includes('bf16') ? 8 : 4;
  while (lanes > 1 && (inner % lanes !== 0 || units / lanes < processors * 128)) lanes /= 2;
  return lanes;
}

/** Tries numbers of lanes, from the largest, until one suits every condition. */
export function withFewerLanes<T>(lanes: number, generate: (lanes: number) => T): T {
  for (let count = lanes; ; count /= 2) {
    try {
      return generate(count);
    } catch (error) {
      if (!(error instanceof UnevenLanes) || count <= 1) throw error;
    }
  }
}

/** Code that computes expressions of one shape and writes them. */
export function pointwise(stores: readonly Store[], processors: number): KernelBody {
  const { target } = stores[0]!;
  const types = stores.flatMap(({ expression, target: { type } }) => [
    type,
    ...expression.reads.map((read) => read.type),
  ]);
  const size = sizeOf(target.shape);
  if (isFlat(stores)) {
    const lanes = mostLanes(size, types, Number.POSITIVE_INFINITY, processors);
    return { ...generate(stores, lanes, flatIndex(target, lanes)), isFlat: true };
  }
  const inner = axesByStride(target).at(-1);
  const innerSize = inner === undefined || target.strides[inner] !== 1 ? 1 : target.shape[inner]!;
  return withFewerLanes(mostLanes(innerSize, types, size, processors), (lanes) =>
    generate(stores, lanes, nestedIndex(target, lanes)),
  );
}

/** Variables of a loop nest, and the code that computes them from the number of the unit, `i`. */
export interface Nest {
  readonly index: readonly Index[];
  readonly units: number;
  define(at: Emitter): void;
}

/** Whether element i of everything lies at position i. */
function isFlat(stores: readonly Store[]): boolean {
  const { target } = stores[0]!;
  const fits = (stored: Stored): boolean =>
    sizeOf(stored.shape) === 1 ||
    (stored.offset === 0 &&
      stored.shape.length === target.shape.length &&
      stored.shape.every((d, axis) => d === target.shape[axis]) &&
      sameStrides(stored.shape, stored.strides, target.strides));
  return (
    isNative(target) &&
    stores.every(
      (store) => store.expression.isElementwise && fits(store.target) && store.expression.reads.every(fits),
    )
  );
}

function flatIndex({ shape, strides }: Stored, lanes: number): Nest {
  const size = sizeOf(shape);
  const variable: IndexVariable = {
    name: 'e',
    range: size,
    lanes: lanes === 1 ? 'same' : 'consecutive',
    step: lanes,
  };
  const inner = shape.findIndex((d, axis) => d > 1 && strides[axis] === 1);
  return {
    index: shape.map((_, axis) => (axis === inner ? Index.of(variable) : Index.zero)),
    units: size / lanes,
    define: (at) => at.line(lanes === 1 ? 'const int e = i;' : `const int e = i * ${lanes};`),
  };
}

/** Variables over all axes of a tensor in the order of its memory. */
function nestedIndex(target: Stored, lanes: number): Nest {
  return nest(target.shape, axesByStride(target), lanes, 'i');
}

/**
 * Variables over some axes of a shape.
 *
 * @param axes from the outermost to the innermost, which has the lanes
 * @param unit name of the unit's number
 */
export function nest(shape: Shape, axes: readonly number[], lanes: number, unit: string): Nest {
  const variables = new Map<number, IndexVariable>();
  const lines: string[] = [];
  let rest = unit;
  let units = 1;
  [...axes].reverse().forEach((axis, position) => {
    const hasLanes = position === 0 && lanes > 1;
    const count = hasLanes ? shape[axis]! / lanes : shape[axis]!;
    const isLast = position === axes.length - 1;
    const name = `${unit}x${axis}`;
    const part = isLast ? rest : `(int)((u32)${rest} % ${count}u)`;
    lines.push(`const int ${name} = ${part}${hasLanes ? ` * ${lanes}` : ''};`);
    if (!isLast) {
      lines.push(`const int ${unit}r${position} = (int)((u32)${rest} / ${count}u);`);
      rest = `${unit}r${position}`;
    }
    units *= count;
    variables.set(axis, {
      name,
      range: shape[axis]!,
      lanes: hasLanes ? 'consecutive' : 'same',
      step: hasLanes ? lanes : 1,
    });
  });
  return {
    index: shape.map((_, axis) => {
      const variable = variables.get(axis);
      return variable ? Index.of(variable) : Index.zero;
    }),
    units,
    define: (at) => {
      for (const line of lines) at.line(line);
    },
  };
}

/** The body of a kernel, each of whose threads does one unit of work, `i`. */
function unitText(text: string): string {
  return `const int i = BLOCK * ${THREADS} + threadIdx.x;\nif (i >= UNITS) return;\n${text}`;
}

/** A kernel's body, each of whose threads does one unit with the emitted text; see {@link KernelBody.isFlat}. */
export function unitsBody(
  at: Emitter,
  { reads, writes, units, isFlat }: Pick<KernelBody, 'reads' | 'writes'> & { units: number; isFlat: boolean },
): KernelBody {
  return {
    text: unitText(at.text),
    buffers: at.buffers,
    ...{ reads, writes, units, isFlat },
    blocks: Math.ceil(units / THREADS),
    threads: THREADS,
  };
}

function generate(stores: readonly Store[], lanes: number, { index, units, define }: Nest): KernelBody {
  const at = new Emitter(lanes);
  define(at);
  const values = stores.map(({ expression }) => expression.load(at, index));
  stores.forEach(({ target }, i) => {
    at.write(target, index, values[i]!);
  });
  return unitsBody(at, {
    reads: buffersOf(stores.map(({ expression }) => expression)),
    writes: stores.map(({ target }) => target.buffer),
    units,
    isFlat: false,
  });
}
