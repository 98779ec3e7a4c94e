import { type Shape, stridesOf } from '../../../graph/tensorType.js';
import { describeSpec } from '../describe.js';
import { type Dnnl, DnnlError, type DnnlTraits, type LayoutName } from '../dnnl.js';
import type { ElementType, MemoryDesc, Pointer } from '../memoryDesc.js';
import type { Primitive, PrimitiveSpec } from '../primitiveSpec.js';
import { withAttributes } from './attributes.js';
import type { Address, CommonFunctions } from './functions.js';
import { dims, rawOf } from './memoryDesc.js';
import {
  ANY_LAYOUT,
  CPU_ENGINE,
  checkNumbers,
  dataTypes,
  layoutNumber,
  type Numbers,
  STREAM_IN_ORDER,
} from './numbers.js';
import { NativePrimitive } from './primitive.js';

/** Numbers of `dnnl_status_t`. */
const statusTexts = [
  'success',
  'out of memory',
  'invalid arguments',
  'not implemented',
  'no other implementation',
  'runtime error',
  'not required',
];

/** The result of a call that creates a descriptor. */
export interface Made {
  readonly status: number;
  /** Where the status is 0. */
  readonly desc: MemoryDesc | undefined;
}

/** What versions 2 and 3 of oneDNN have in common. */
export abstract class NativeDnnl<F extends CommonFunctions> implements Dnnl {
  protected readonly engine: Pointer;
  private readonly tags = new Map<LayoutName, number>();
  private readonly stream: Pointer;
  abstract readonly traits: DnnlTraits;

  protected constructor(
    readonly version: string,
    protected readonly functions: F,
    protected readonly numbers: Numbers,
    /** Whether primitives are executed after the call that starts them has returned. */
    private readonly isAsynchronous = false,
  ) {
    checkNumbers(functions, numbers, `oneDNN ${version}`);
    this.engine = this.output('engine', (out) => functions.engineCreate(out, CPU_ENGINE, 0));
    this.stream = this.output('stream', (out) => functions.streamCreate(out, this.engine, STREAM_IN_ORDER));
  }

  /** Makes a descriptor by a call that takes where to put it. */
  protected abstract make(fill: (out: ArrayBufferView) => number): Made;

  /** Reads a descriptor of memory that belongs to the library; undefined for one of no axes. */
  protected abstract readDesc(address: bigint): MemoryDesc | undefined;

  /** Makes the descriptor of a primitive other than a reorder, at `out`; returns the library's status. */
  protected abstract describe(
    spec: Exclude<PrimitiveSpec, { readonly kind: 'reorder' }>,
    out: BigUint64Array,
    attributes: Pointer,
  ): number;

  strided(shape: Shape, type: ElementType, strides: Shape = stridesOf(shape)): MemoryDesc {
    return this.newDesc(shape, (out) =>
      this.functions.memoryByStrides(out, shape.length, dims(shape), dataTypes[type], dims(strides)),
    );
  }

  any(shape: Shape, type: ElementType): MemoryDesc {
    return this.tagged(shape, type, ANY_LAYOUT);
  }

  named(shape: Shape, type: ElementType, name: LayoutName): MemoryDesc {
    const tag = this.tags.get(name) ?? layoutNumber(this.functions, name);
    this.tags.set(name, tag);
    return this.tagged(shape, type, tag);
  }

  part(whole: MemoryDesc, shape: Shape, offsets: Shape): MemoryDesc | undefined {
    return this.make((out) => this.functions.memoryPart(out, rawOf(whole), dims(shape), dims(offsets))).desc;
  }

  reshape(desc: MemoryDesc, shape: Shape): MemoryDesc | undefined {
    return this.make((out) => this.functions.memoryReshape(out, rawOf(desc), shape.length, dims(shape))).desc;
  }

  primitive(spec: PrimitiveSpec): Primitive {
    const { functions, numbers } = this;
    const what = (): string => describeSpec(spec);
    const check = (status: number): void => this.check(status, what);
    const descHandle = withAttributes({ functions, numbers, check }, spec.postOps ?? [], (attributes) =>
      this.output(what, (out) => this.createDesc(spec, out, attributes)),
    );
    try {
      const handle = this.output(what, (out) => functions.primitiveCreate(out, descHandle));
      return new NativePrimitive(functions, handle, descHandle, (address) => this.readDesc(address));
    } catch (error) {
      functions.descDestroy(descHandle);
      throw error;
    }
  }

  memory(desc: MemoryDesc, address: Pointer): Pointer {
    return this.output('memory', (out) =>
      this.functions.memoryCreate(out, rawOf(desc), this.engine, address),
    );
  }

  release({ handle, descHandle }: Primitive): void {
    this.functions.primitiveDestroy(handle);
    this.functions.descDestroy(descHandle);
  }

  releaseMemory(memory: Pointer): void {
    this.functions.memoryDestroy(memory);
  }

  execute(primitive: Pointer, count: number, args: Pointer): number {
    const status = this.functions.execute(primitive, this.stream, count, args);
    return this.isAsynchronous && status === 0 ? this.functions.streamWait(this.stream) : status;
  }

  statusText(status: number): string {
    return statusTexts[status] ?? `status ${status}`;
  }

  close(): void {
    this.functions.streamDestroy(this.stream);
    this.functions.engineDestroy(this.engine);
  }

  private tagged(shape: Shape, type: ElementType, tag: number): MemoryDesc {
    return this.newDesc(shape, (out) =>
      this.functions.memoryByTag(out, shape.length, dims(shape), dataTypes[type], tag),
    );
  }

  private newDesc(shape: Shape, fill: (out: Address & ArrayBufferView) => number): MemoryDesc {
    const { status, desc } = this.make(fill);
    this.check(status, () => `a tensor of [${shape.join(', ')}]`);
    return desc!;
  }

  private createDesc(spec: PrimitiveSpec, out: BigUint64Array, attributes: Pointer): number {
    if (spec.kind !== 'reorder') return this.describe(spec, out, attributes);
    const { engine, functions } = this;
    return functions.reorder(out, rawOf(spec.src), engine, rawOf(spec.dst), engine, attributes);
  }

  private output(what: string | (() => string), call: (out: BigUint64Array) => number): Pointer {
    const out = new BigUint64Array(1);
    this.check(call(out), typeof what === 'string' ? () => what : what);
    return Number(out[0]);
  }

  private check(status: number, what: () => string): void {
    if (status !== 0) throw new DnnlError(`oneDNN ${this.version}: ${what()}: ${this.statusText(status)}`);
  }
}
