import type { Shape } from '../../../graph/tensorType.js';
import { DnnlError, type ElementType, elementBytes, type MemoryDesc } from '../dnnl.js';
import type { Functions } from './functions.js';

/** Bytes of a `dnnl_memory_desc_t` of oneDNN 2 and where its fields lie (dnnl_types.h). */
export const DESC_BYTES = 696;
const OFFSET = {
  shape: 8,
  type: 104,
  padded: 112,
  offset0: 304,
  formatKind: 312,
  strides: 320,
  blockCount: 416,
  blocks: 424,
  blockAxes: 520,
};
const FORMAT_BLOCKED = 2;
const MAX_AXES = 12;

/** Numbers of `dnnl_data_type_t`. */
export const dataTypes: { readonly [T in ElementType]: number } = { f32: 3, bf16: 2, i32: 4, u8: 6 };

/** Numbers of `dnnl_format_tag_t`. */
export const FORMAT_TAG = { any: 1, aBcd16b: 69 } as const;

/** A shape as `dnnl_dims_t`. */
export function dims(shape: Shape): BigInt64Array {
  const array = new BigInt64Array(MAX_AXES);
  shape.forEach((size, axis) => {
    array[axis] = BigInt(size);
  });
  return array;
}

/** A memory descriptor as oneDNN 2's own bytes. */
export class V2MemoryDesc implements MemoryDesc {
  readonly key: string;
  readonly shape: Shape;
  readonly type: ElementType;
  readonly bytes: number;

  /** @param raw the descriptor, which nobody changes from then on */
  constructor(
    functions: Functions,
    readonly raw: Uint8Array,
  ) {
    const view = new DataView(raw.buffer, raw.byteOffset);
    this.key = Buffer.from(raw.buffer, raw.byteOffset, DESC_BYTES).toString('latin1');
    this.shape = readNumbers(view, OFFSET.shape, view.getInt32(0, true));
    const type = view.getInt32(OFFSET.type, true);
    const names = Object.keys(dataTypes) as ElementType[];
    this.type = names.find((name) => dataTypes[name] === type) ?? 'u8';
    this.bytes = functions.memorySize(raw);
  }

  get strides(): Shape | undefined {
    const view = this.view();
    const plain =
      view.getInt32(OFFSET.formatKind, true) === FORMAT_BLOCKED &&
      view.getInt32(OFFSET.blockCount, true) === 0;
    return plain ? readNumbers(view, OFFSET.strides, this.shape.length) : undefined;
  }

  /** The outer axes from the widest stride to the narrowest, in capitals where blocks divide them; then the blocks. */
  get layout(): string {
    const view = this.view();
    const kind = view.getInt32(OFFSET.formatKind, true);
    if (kind !== FORMAT_BLOCKED) return kind === 1 ? 'any' : 'packed';
    const strides = readNumbers(view, OFFSET.strides, this.shape.length);
    const count = view.getInt32(OFFSET.blockCount, true);
    const blocks = readNumbers(view, OFFSET.blocks, count);
    const axes = readNumbers(view, OFFSET.blockAxes, count);
    const letter = (axis: number): string => String.fromCharCode(97 + axis);
    const outer = strides.map((_, axis) => axis).sort((a, b) => strides[b]! - strides[a]! || a - b);
    const names = outer.map((axis) => (axes.includes(axis) ? letter(axis).toUpperCase() : letter(axis)));
    return names.join('') + blocks.map((size, i) => `${size}${letter(axes[i]!)}`).join('');
  }

  private view(): DataView {
    return new DataView(this.raw.buffer, this.raw.byteOffset);
  }
}

function readNumbers(view: DataView, offset: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number(view.getBigInt64(offset + 8 * i, true)));
}

/** The bytes of a descriptor that {@link V2MemoryDesc} made; null for none. */
export function rawOf(desc: MemoryDesc | undefined): Uint8Array | null {
  if (!desc) return null;
  if (!(desc instanceof V2MemoryDesc))
    throw new DnnlError('the descriptor was made by another version of oneDNN');
  return desc.raw;
}

/** Descriptors, one after the other, as the C API takes lists of them. */
export function rawList(descs: readonly MemoryDesc[]): Uint8Array {
  const list = new Uint8Array(DESC_BYTES * descs.length);
  descs.forEach((desc, i) => {
    list.set(rawOf(desc)!, DESC_BYTES * i);
  });
  return list;
}

/** Byte offset of a descriptor's first element, which {@link V2MemoryDesc.bytes} includes. */
export function startOf(desc: V2MemoryDesc): number {
  return (
    Number(new DataView(desc.raw.buffer, desc.raw.byteOffset).getBigInt64(OFFSET.offset0, true)) *
    elementBytes[desc.type]
  );
}
