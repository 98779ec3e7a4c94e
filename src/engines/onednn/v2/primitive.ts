import koffi from 'koffi';
import type { DescRole, MemoryDesc, Pointer, Primitive } from '../dnnl.js';
import type { Functions } from './functions.js';
import { DESC_BYTES, V2MemoryDesc } from './memoryDesc.js';

const DESC_ARRAY = koffi.array('uint8_t', DESC_BYTES, 'Typed');

/** Numbers of `dnnl_query_t`. */
const QUERY_IMPLEMENTATION = 8;
const queries: { readonly [R in DescRole]: number } = {
  src: 129,
  diffSrc: 130,
  weights: 131,
  diffWeights: 132,
  dst: 133,
  diffDst: 134,
  workspace: 135,
  scratchpad: 136,
};

/** A primitive of oneDNN 2 with its descriptor. */
export class V2Primitive implements Primitive {
  readonly implementation: string;

  constructor(
    private readonly functions: Functions,
    readonly handle: Pointer,
    readonly descHandle: Pointer,
  ) {
    const text = new BigUint64Array(1);
    functions.descQuery(descHandle, QUERY_IMPLEMENTATION, 0, text);
    this.implementation = text[0] === 0n ? '' : koffi.decode.string(text[0]!);
  }

  desc(role: DescRole): MemoryDesc | undefined {
    const address = this.functions.descQueryMemory(this.descHandle, queries[role], 0);
    if (address === 0) return undefined;
    const raw: Uint8Array = koffi.decode(BigInt(address), DESC_ARRAY);
    const empty = new DataView(raw.buffer).getInt32(0, true) === 0;
    return empty ? undefined : new V2MemoryDesc(this.functions, raw);
  }
}
