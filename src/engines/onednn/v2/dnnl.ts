import { type Shape, stridesOf } from '../../../graph/tensorType.js';
import { describeSpec } from '../describe.js';
import {
  type Dnnl,
  DnnlError,
  type ElementType,
  type MemoryDesc,
  type Pointer,
  type Primitive,
  type PrimitiveSpec,
} from '../dnnl.js';
import type { DnnlLibrary } from '../library.js';
import { withAttributes } from './attributes.js';
import { bindFunctions, type Functions } from './functions.js';
import { DESC_BYTES, dataTypes, dims, FORMAT_TAG, rawList, rawOf, V2MemoryDesc } from './memoryDesc.js';
import { describeOperation } from './operations.js';
import { V2Primitive } from './primitive.js';

const CPU_ENGINE = 1;
const STREAM_IN_ORDER = 1;

/** Numbers of `dnnl_status_t`. */
const statusTexts = [
  'success',
  'out of memory',
  'invalid arguments',
  'not implemented',
  'end of iteration',
  'runtime error',
  'not required',
];

/** oneDNN 2.6 and 2.7, whose descriptors are plain structs. */
export class DnnlV2 implements Dnnl {
  readonly version: string;
  private readonly functions: Functions;
  private readonly engine: Pointer;
  private readonly stream: Pointer;

  constructor({ handle, version }: DnnlLibrary) {
    this.version = version;
    this.functions = bindFunctions(handle);
    this.engine = this.output('engine', (out) => this.functions.engineCreate(out, CPU_ENGINE, 0));
    this.stream = this.output('stream', (out) =>
      this.functions.streamCreate(out, this.engine, STREAM_IN_ORDER),
    );
  }

  strided(shape: Shape, type: ElementType, strides: Shape = stridesOf(shape)): MemoryDesc {
    return this.describe(`a tensor of [${shape.join(', ')}]`, (raw) =>
      this.functions.memoryByStrides(raw, shape.length, dims(shape), dataTypes[type], dims(strides)));
  }

  any(shape: Shape, type: ElementType): MemoryDesc {
    return this.tagged(shape, type, FORMAT_TAG.any);
  }

  blocked16(shape: Shape, type: ElementType): MemoryDesc {
    return this.tagged(shape, type, FORMAT_TAG.aBcd16b);
  }

  part(whole: MemoryDesc, shape: Shape, offsets: Shape): MemoryDesc | undefined {
    const raw = new Uint8Array(DESC_BYTES);
    const status = this.functions.memoryPart(raw, rawOf(whole), dims(shape), dims(offsets));
    return status === 0 ? new V2MemoryDesc(this.functions, raw) : undefined;
  }

  reshape(desc: MemoryDesc, shape: Shape): MemoryDesc | undefined {
    const raw = new Uint8Array(DESC_BYTES);
    const status = this.functions.memoryReshape(raw, rawOf(desc), shape.length, dims(shape));
    return status === 0 ? new V2MemoryDesc(this.functions, raw) : undefined;
  }

  primitive(spec: PrimitiveSpec): Primitive {
    const what = (): string => describeSpec(spec);
    const descHandle = withAttributes(
      this.functions,
      spec.postOps ?? [],
      (status) => this.check(status, what),
      (attributes) => this.output(what, (out) => this.createDesc(spec, out, attributes, what)),
    );
    try {
      const handle = this.output(what, (out) => this.functions.primitiveCreate(out, descHandle));
      return new V2Primitive(this.functions, handle, descHandle);
    } catch (error) {
      this.functions.descDestroy(descHandle);
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
    return this.functions.execute(primitive, this.stream, count, args);
  }

  statusText(status: number): string {
    return statusTexts[status] ?? `status ${status}`;
  }

  close(): void {
    this.functions.streamDestroy(this.stream);
    this.functions.engineDestroy(this.engine);
  }

  private tagged(shape: Shape, type: ElementType, tag: number): MemoryDesc {
    return this.describe(`a tensor of [${shape.join(', ')}]`, (raw) =>
      this.functions.memoryByTag(raw, shape.length, dims(shape), dataTypes[type], tag));
  }

  private createDesc(
    spec: PrimitiveSpec,
    out: BigUint64Array,
    attributes: Pointer,
    what: () => string,
  ): number {
    const { engine, functions } = this;
    if (spec.kind === 'reorder')
      return functions.reorder(out, rawOf(spec.src), engine, rawOf(spec.dst), engine, attributes);
    if (spec.kind === 'sum') {
      const { sources, scales, dst } = spec;
      const list = Float32Array.from(scales);
      return functions.sum(out, rawOf(dst), sources.length, list, rawList(sources), attributes, engine);
    }
    const { status, operation } = describeOperation(functions, spec);
    this.check(status, what);
    const hint = 'forward' in spec ? (spec.forward?.descHandle ?? 0) : 0;
    return functions.descCreate(out, operation, attributes, engine, hint);
  }

  private describe(what: string, fill: (raw: Uint8Array) => number): MemoryDesc {
    const raw = new Uint8Array(DESC_BYTES);
    this.check(fill(raw), () => what);
    return new V2MemoryDesc(this.functions, raw);
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
