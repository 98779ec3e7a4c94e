import koffi from 'koffi';
import type { Shape } from '../../../graph/tensorType.js';
import type { ElementType } from '../memoryDesc.js';
import { elementTypeOf, type Layout, NativeMemoryDesc } from '../native/memoryDesc.js';
import { MAX_AXES } from '../native/numbers.js';
import type { Functions } from './functions.js';
import { memoryQueries } from './numbers.js';

const DIMS = koffi.array('int64_t', MAX_AXES, 'Typed');

/** A memory descriptor behind a handle of oneDNN 3. */
export class V3MemoryDesc extends NativeMemoryDesc {
  readonly key: string;
  readonly shape: Shape;
  readonly type: ElementType;
  readonly bytes: number;

  /**
   * @param raw the handle, which must outlive the descriptor's last use
   * @param serial one number for equal descriptors
   */
  constructor(
    private readonly functions: Functions,
    readonly raw: bigint,
    serial: number,
  ) {
    super();
    this.key = String(serial);
    this.shape = this.numbers(memoryQueries.shape, this.number(memoryQueries.axes));
    this.type = elementTypeOf(this.number(memoryQueries.type));
    this.bytes = functions.memorySize(raw);
  }

  protected readLayout(): Layout {
    const formatKind = this.number(memoryQueries.formatKind);
    // Formats without blocks or strides refuse these queries, which leaves a count of 0.
    const count = this.number(memoryQueries.blockCount);
    return {
      formatKind,
      strides: this.numbers(memoryQueries.strides, this.shape.length),
      blocks: this.numbers(memoryQueries.blocks, count),
      blockAxes: this.numbers(memoryQueries.blockAxes, count),
    };
  }

  private number(query: number): number {
    return queryNumber(this.functions, this.raw, query);
  }

  private numbers(query: number, count: number): number[] {
    const address = new BigUint64Array(1);
    const status = this.functions.memoryQuery(this.raw, query, address);
    if (status !== 0 || count === 0) return [];
    const all: BigInt64Array = koffi.decode(address[0]!, DIMS);
    return Array.from(all.subarray(0, count), Number);
  }
}

function queryNumber(functions: Functions, raw: bigint, query: number): number {
  const out = new Int32Array(1);
  functions.memoryQuery(raw, query, out);
  return out[0]!;
}

/** The descriptors created in a library; equal ones are shared. */
export class MemoryDescs {
  /** By a cheap key that few descriptors share. */
  private readonly made = new Map<string, V3MemoryDesc[]>();
  private count = 0;

  constructor(private readonly functions: Functions) {}

  /** Takes ownership of a handle. */
  adopt(handle: bigint): V3MemoryDesc {
    const known = this.find(handle);
    if (known) this.functions.memoryDescDestroy(handle);
    return known ?? this.add(handle);
  }

  /** Reads a handle owned by someone else; undefined for a descriptor of no axes. */
  read(handle: bigint): V3MemoryDesc | undefined {
    if (queryNumber(this.functions, handle, memoryQueries.axes) === 0) return undefined;
    const known = this.find(handle);
    if (known) return known;
    const copy = new BigUint64Array(1);
    const status = this.functions.memoryClone(copy, handle);
    return status === 0 ? this.add(copy[0]!) : undefined;
  }

  /** Destroys them all. */
  destroy(): void {
    for (const descs of this.made.values())
      for (const { raw } of descs) this.functions.memoryDescDestroy(raw);
    this.made.clear();
  }

  private find(handle: bigint): V3MemoryDesc | undefined {
    const candidates = this.made.get(this.bucketOf(handle)) ?? [];
    return candidates.find(({ raw }) => this.functions.memoryEqual(raw, handle) !== 0);
  }

  private add(handle: bigint): V3MemoryDesc {
    const desc = new V3MemoryDesc(this.functions, handle, this.count++);
    const bucket = this.bucketOf(handle);
    this.made.set(bucket, [...(this.made.get(bucket) ?? []), desc]);
    return desc;
  }

  private bucketOf(handle: bigint): string {
    const type = queryNumber(this.functions, handle, memoryQueries.type);
    return `${type}:${this.functions.memorySize(handle)}`;
  }
}
