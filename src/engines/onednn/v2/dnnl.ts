import type { DnnlLibrary } from '../library.js';
import type { MemoryDesc, Pointer } from '../memoryDesc.js';
import { type Made, NativeDnnl } from '../native/dnnl.js';
import { rawOf } from '../native/memoryDesc.js';
import type { PrimitiveSpec } from '../primitiveSpec.js';
import { bindFunctions, type Functions } from './functions.js';
import { DESC_BYTES, rawList, readDesc, V2MemoryDesc } from './memoryDesc.js';
import { numbers } from './numbers.js';
import { describeOperation } from './operations.js';

/** oneDNN 2.6 and 2.7, whose descriptors are plain structs. */
export class DnnlV2 extends NativeDnnl<Functions> {
  readonly traits = { winograd: true, shiftInGradient: true, slowStridedDepthwise: false };

  constructor({ handle, version, runtime }: DnnlLibrary) {
    super(version, bindFunctions(handle), numbers, runtime === 'sycl');
  }

  protected make(fill: (out: ArrayBufferView) => number): Made {
    const raw = new Uint8Array(DESC_BYTES);
    const status = fill(raw);
    return { status, desc: status === 0 ? new V2MemoryDesc(this.functions, raw) : undefined };
  }

  protected readDesc(address: bigint): MemoryDesc | undefined {
    return readDesc(this.functions, address);
  }

  protected describe(
    spec: Exclude<PrimitiveSpec, { readonly kind: 'reorder' }>,
    out: BigUint64Array,
    attributes: Pointer,
  ): number {
    const { engine, functions } = this;
    if (spec.kind === 'sum') {
      const { sources, scales, dst } = spec;
      const list = Float32Array.from(scales);
      return functions.sum(out, rawOf(dst), sources.length, list, rawList(sources), attributes, engine);
    }
    const { status, operation } = describeOperation(functions, spec);
    if (status !== 0) return status;
    const hint = 'forward' in spec ? (spec.forward?.descHandle ?? 0) : 0;
    return functions.descCreate(out, operation, attributes, engine, hint);
  }
}
