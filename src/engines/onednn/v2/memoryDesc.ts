import koffi from 'koffi';
import type { Shape } from '../../../graph/tensorType.js';
import { isUint8Array } from '../../../realms.js';
import type { ElementType, MemoryDesc } from '../memoryDesc.js';
import { elementTypeOf, type Layout, NativeMemoryDesc, rawOf } from '../native/memoryDesc.js';
import type { Functions } from './functions.js';

/** Bytes of a `dnnl_memory_desc_t` of oneDNN 2 and where its fields lie (dnnl_types.h). */
export const DESC_BYTES = 696;
const OFFSET = {
  shape: 8,
  type: 104,
  formatKind: 312,
  strides: 320,
  blockCount: 416,
  blocks: 424,
  blockAxes: 520,
};

/** A memory descriptor as oneDNN 2's own bytes. */
export class V2MemoryDesc extends NativeMemoryDesc {
  readonly key: string;
  readonly shape: Shape;
  readonly type: ElementType;
  readonly bytes: number;

  /** @param raw the descriptor, which must not change afterwards */
  constructor(
    functions: Functions,
    readonly raw: Uint8Array,
  ) {
    super();
    const view = this.view();
    this.key = Buffer.from(raw.buffer, raw.byteOffset, DESC_BYTES).toString('latin1');
    this.shape = readNumbers(view, OFFSET.shape, view.getInt32(0, true));
    this.type = elementTypeOf(view.getInt32(OFFSET.type, true));
    this.bytes = functions.memorySize(raw);
  }

  protected readLayout(): Layout {
    const view = this.view();
    const count = view.getInt32(OFFSET.blockCount, true);
    return {
      formatKind: view.getInt32(OFFSET.formatKind, true),
      strides: readNumbers(view, OFFSET.strides, this.shape.length),
      blocks: readNumbers(view, OFFSET.blocks, count),
      blockAxes: readNumbers(view, OFFSET.blockAxes, count),
    };
  }

  private view(): DataView {
    return new DataView(this.raw.buffer, this.raw.byteOffset);
  }
}

function readNumbers(view: DataView, offset: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number(view.getBigInt64(offset + 8 * i, true)));
}

/** Descriptors, one after the other, as the C API takes lists of them. */
export function rawList(descs: readonly MemoryDesc[]): Uint8Array {
  const list = new Uint8Array(DESC_BYTES * descs.length);
  descs.forEach((desc, i) => {
    const raw = rawOf(desc);
    if (isUint8Array(raw)) list.set(raw, DESC_BYTES * i);
  });
  return list;
}

const DESC_ARRAY = koffi.array('uint8_t', DESC_BYTES, 'Typed');

/** A copy of a descriptor at an address; undefined for one of no axes. */
export function readDesc(functions: Functions, address: bigint): V2MemoryDesc | undefined {
  const raw: Uint8Array = koffi.decode(address, DESC_ARRAY);
  const axes = new DataView(raw.buffer).getInt32(0, true);
  return axes === 0 ? undefined : new V2MemoryDesc(functions, raw);
}
