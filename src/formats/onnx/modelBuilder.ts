import { create, toBinary } from '@bufbuild/protobuf';
import { floatToHalf } from '../halfFloats.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js';
import { HIGHEST_OPSET, irVersionOf } from './opsets.js';

export { DataType };

/** Value of an attribute: an integer, integers, a float marked as such, or text. */
export type AttributeValue = number | readonly number[] | { readonly float: number } | string;

/** Fixed size, or the name of a size that varies (such as the batch). */
export type Dimension = number | string;

/** Contents of a tensor that a model refers to by path (the format's external data). */
export interface ExternalData {
  readonly path: string;
  readonly data: Uint8Array;
}

/** Builds an ONNX model node by node. Values are known by name. */
export class OnnxModelBuilder {
  /** Where nodes are added. */
  protected nodes: NodeProto[] = [];
  /** Contents of the tensors that are kept out of the model. */
  readonly externalData: ExternalData[] = [];
  private readonly initializers: TensorProto[] = [];
  private readonly inputs: ValueInfoProto[] = [];
  private readonly outputs: ValueInfoProto[] = [];
  private readonly metadata = new Map<string, string>();
  private readonly domains: Map<string, number>;
  private readonly scalars = new Map<string, string>();
  private counter = 0;

  /**
   * @param externalBytes size from which fixed tensors are kept out of the model: every copy of it is smaller
   * @param opset version of the standard operator set that nodes are written in
   */
  constructor(
    private readonly externalBytes = Number.POSITIVE_INFINITY,
    protected readonly opset = HIGHEST_OPSET,
  ) {
    this.domains = new Map([['', opset]]);
  }

  /** A name that no other value has. */
  fresh(hint: string): string {
    return `${hint}#${this.counter++}`;
  }

  /** Adds a graph input and returns its name. */
  input(name: string, type: DataType, shape: readonly Dimension[]): string {
    this.inputs.push(valueInfo(name, type, shape));
    return name;
  }

  /** Makes a value an output of the graph. */
  output(name: string, type: DataType, shape: readonly Dimension[]): void {
    this.outputs.push(valueInfo(name, type, shape));
  }

  /**
   * Adds a node.
   *
   * @param outputs names, or how many fresh ones to make (default 1)
   * @param domain operator set (default: ONNX's own), taken in version 1
   * @returns the names of the outputs
   */
  nodeMulti(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    outputs: readonly string[] | number = 1,
    domain = '',
  ): string[] {
    const output =
      typeof outputs === 'number' ? Array.from({ length: outputs }, () => this.fresh(opType)) : [...outputs];
    const attribute = Object.entries(attributes).map(([name, value]) => attributeProto(name, value));
    const name = this.nodeName(opType);
    if (domain !== '') this.domains.set(domain, 1);
    this.nodes.push(create(NodeProtoSchema, { opType, name, domain, input: [...inputs], output, attribute }));
    return output;
  }

  /** A name for a node, which profiles show. */
  protected nodeName(opType: string): string {
    return this.fresh(opType);
  }

  /** All nodes in the model's order. */
  protected allNodes(): NodeProto[] {
    return this.nodes;
  }

  /** Adds a node with one output and returns its name. */
  node(
    opType: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, AttributeValue>>,
    output?: string,
  ): string {
    return this.nodeMulti(opType, inputs, attributes, output === undefined ? 1 : [output])[0]!;
  }

  /** Adds a fixed tensor of raw little-endian values, which must not change until the model is built, and returns its name. */
  tensor(
    type: DataType,
    shape: readonly number[],
    data: ArrayBufferView,
    name = this.fresh('constant'),
  ): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const isExternal = bytes.length >= this.externalBytes;
    if (isExternal) this.externalData.push({ path: name, data: bytes });
    const contents = isExternal
      ? { dataLocation: DataLocation.EXTERNAL, externalData: [{ key: 'location', value: name }] }
      : { rawData: bytes };
    const dims = shape.map(BigInt);
    this.initializers.push(create(TensorProtoSchema, { name, dataType: type, dims, ...contents }));
    return name;
  }

  /** Adds a fixed tensor of floats, rounded to 16 bits, and returns its name. */
  halfTensor(shape: readonly number[], data: Float32Array): string {
    const rawData = new Uint8Array(Uint16Array.from(data, floatToHalf).buffer);
    const name = this.fresh('constant');
    const dims = shape.map(BigInt);
    this.initializers.push(create(TensorProtoSchema, { name, dataType: DataType.FLOAT16, dims, rawData }));
    return name;
  }

  /** A float scalar; the same one is made once. */
  scalar(value: number): string {
    const key = String(Math.fround(value));
    const name = this.scalars.get(key) ?? this.tensor(DataType.FLOAT, [], Float32Array.of(value));
    this.scalars.set(key, name);
    return name;
  }

  /** A vector of int64, as shapes and axes are given. */
  ints(values: readonly number[]): string {
    const key = `[${values.join()}]`;
    const name =
      this.scalars.get(key) ??
      this.tensor(DataType.INT64, [values.length], BigInt64Array.from(values, BigInt));
    this.scalars.set(key, name);
    return name;
  }

  /** Adds an entry of the model's metadata. */
  describe(key: string, value: string): void {
    this.metadata.set(key, value);
  }

  /** The whole model, serialised. */
  build(name: string): Uint8Array {
    const graph = create(GraphProtoSchema, {
      name,
      node: this.allNodes(),
      initializer: this.initializers,
      input: this.inputs,
      output: this.outputs,
    });
    const model = create(ModelProtoSchema, {
      irVersion: irVersionOf(this.opset),
      producerName: 'biasloss',
      graph,
      opsetImport: [...this.domains].map(([domain, version]) => ({ domain, version: BigInt(version) })),
      metadataProps: [...this.metadata].map(([key, value]) => ({ key, value })),
    });
    return toBinary(ModelProtoSchema, model);
  }
}

function valueInfo(name: string, elemType: DataType, shape: readonly Dimension[]): ValueInfoProto {
  const dim = shape.map((size) => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: BigInt(size) }
        : { case: 'dimParam' as const, value: size },
  }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } },
  });
}

function attributeProto(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, {
      name,
      type: AttributeType.STRING,
      s: new TextEncoder().encode(value),
    });
  }
  if ('float' in value)
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}
