import type { Shape } from '../../../graph/tensorType.js';
import { DnnlError } from '../dnnl.js';
import type { ElementType, MemoryDesc } from '../memoryDesc.js';
import type { Address } from './functions.js';
import { dataTypes, FORMAT_ANY, FORMAT_BLOCKED, MAX_AXES } from './numbers.js';

/** What a descriptor says of how a tensor lies in memory. */
export interface Layout {
  /** Number of `dnnl_format_kind_t`. */
  readonly formatKind: number;
  /** Of the outer axes, in elements; only where the format is in blocks, as are these two: */
  readonly strides: Shape;
  readonly blocks: readonly number[];
  readonly blockAxes: readonly number[];
}

/** A descriptor that the C API takes. */
export abstract class NativeMemoryDesc implements MemoryDesc {
  abstract readonly key: string;
  abstract readonly shape: Shape;
  abstract readonly type: ElementType;
  abstract readonly bytes: number;
  /** Where C finds it. */
  abstract readonly raw: Address;

  protected abstract readLayout(): Layout;

  get strides(): Shape | undefined {
    const { formatKind, strides, blocks } = this.readLayout();
    return formatKind === FORMAT_BLOCKED && blocks.length === 0 ? strides : undefined;
  }

  /** The outer axes from the widest stride to the narrowest, in capitals where blocks divide them; then the blocks. */
  get layout(): string {
    const { formatKind, strides, blocks, blockAxes } = this.readLayout();
    if (formatKind !== FORMAT_BLOCKED) return formatKind === FORMAT_ANY ? 'any' : 'packed';
    const letter = (axis: number): string => String.fromCharCode(97 + axis);
    const outer = strides.map((_, axis) => axis).sort((a, b) => strides[b]! - strides[a]! || a - b);
    const names = outer.map((axis) => (blockAxes.includes(axis) ? letter(axis).toUpperCase() : letter(axis)));
    return names.join('') + blocks.map((size, i) => `${size}${letter(blockAxes[i]!)}`).join('');
  }
}

/** A shape as `dnnl_dims_t`. */
export function dims(shape: Shape): BigInt64Array {
  const array = new BigInt64Array(MAX_AXES);
  shape.forEach((size, axis) => {
    array[axis] = BigInt(size);
  });
  return array;
}

/** The element type that a number of `dnnl_data_type_t` means; types that are not known are bytes. */
export function elementTypeOf(number: number): ElementType {
  const names = Object.keys(dataTypes) as ElementType[];
  return names.find((name) => dataTypes[name] === number) ?? 'u8';
}

/** The pointer argument for a descriptor; null for none. */
export function rawOf(desc: MemoryDesc | undefined): Address {
  if (!desc) return null;
  if (!(desc instanceof NativeMemoryDesc)) throw new DnnlError('the descriptor was not made by oneDNN');
  return desc.raw;
}
