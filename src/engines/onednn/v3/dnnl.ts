import type { DnnlLibrary } from '../library.js';
import type { MemoryDesc, Pointer } from '../memoryDesc.js';
import { type Made, NativeDnnl } from '../native/dnnl.js';
import type { PrimitiveSpec } from '../primitiveSpec.js';
import { isFaulty, skipBlockProducts } from './faults.js';
import { bindFunctions, type Functions } from './functions.js';
import { MemoryDescs } from './memoryDesc.js';
import { numbers } from './numbers.js';
import { createPrimitiveDesc } from './primitiveDesc.js';

/** oneDNN 3, whose descriptors are handles. */
export class DnnlV3 extends NativeDnnl<Functions> {
  private readonly descs: MemoryDescs;

  readonly traits = { winograd: false, shiftInGradient: false, slowStridedDepthwise: true };

  constructor({ handle, version, runtime }: DnnlLibrary) {
    super(version, bindFunctions(handle), numbers, runtime === 'sycl');
    this.descs = new MemoryDescs(this.functions);
  }

  protected make(fill: (out: ArrayBufferView) => number): Made {
    const out = new BigUint64Array(1);
    const status = fill(out);
    return { status, desc: status === 0 ? this.descs.adopt(out[0]!) : undefined };
  }

  protected readDesc(address: bigint): MemoryDesc | undefined {
    return this.descs.read(address);
  }

  protected describe(
    spec: Exclude<PrimitiveSpec, { readonly kind: 'reorder' }>,
    out: BigUint64Array,
    attributes: Pointer,
  ): number {
    const { functions, engine } = this;
    const status = createPrimitiveDesc({ functions, engine, out, attributes }, spec);
    return status === 0 && isFaulty(spec) ? skipBlockProducts(functions, Number(out[0])) : status;
  }

  override close(): void {
    this.descs.destroy();
    super.close();
  }
}
