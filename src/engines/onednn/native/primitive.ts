import koffi from 'koffi';
import type { MemoryDesc, Pointer } from '../memoryDesc.js';
import type { DescRole, Primitive } from '../primitiveSpec.js';
import type { CommonFunctions } from './functions.js';
import { QUERY_IMPLEMENTATION, queries } from './numbers.js';

/** The library's name of the code that a primitive's descriptor has chosen. */
export function queryImplementation(
  { descQuery }: Pick<CommonFunctions, 'descQuery'>,
  desc: Pointer,
): string {
  const text = new BigUint64Array(1);
  descQuery(desc, QUERY_IMPLEMENTATION, 0, text);
  return text[0] === 0n ? '' : koffi.decode.string(text[0]!);
}

/** A primitive with its descriptor. */
export class NativePrimitive implements Primitive {
  readonly implementation: string;
  private readonly descs = new Map<DescRole, MemoryDesc | undefined>();

  /** @param readDesc reads a descriptor of memory that belongs to the library; undefined for one of no axes */
  constructor(
    private readonly functions: CommonFunctions,
    readonly handle: Pointer,
    readonly descHandle: Pointer,
    private readonly readDesc: (address: bigint) => MemoryDesc | undefined,
  ) {
    this.implementation = queryImplementation(functions, descHandle);
  }

  desc(role: DescRole): MemoryDesc | undefined {
    if (this.descs.has(role)) return this.descs.get(role);
    const address = this.functions.descQueryMemory(this.descHandle, queries[role], 0);
    const desc = address === 0 ? undefined : this.readDesc(BigInt(address));
    this.descs.set(role, desc);
    return desc;
  }
}
