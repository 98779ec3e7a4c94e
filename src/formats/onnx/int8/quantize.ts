import { create, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
} from '../onnx_pb.js';
import { intOf, type OnnxGraph } from './onnxGraph.js';
import type { Int8Plan } from './plan.js';
import { type ByteScale, byteScale, roundBias, roundWeights, type ValueRange } from './rounding.js';

/**
 * A float model with the nodes of a plan in integers, in ONNX's QDQ form: each value is rounded to bytes and back, and a runtime
 * computes what stands between with integers. Weights are signed bytes with a scale per output channel.
 *
 * @param ranges of the values in the plan, by name
 * @param metadata entries to add
 */
export function quantize(
  graph: OnnxGraph,
  plan: Int8Plan,
  ranges: ReadonlyMap<string, ValueRange>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  return new Rewriting(graph, plan, ranges).build(metadata);
}

class Rewriting {
  private readonly nodes: NodeProto[] = [];
  private readonly added: TensorProto[] = [];
  private readonly known = new Set<string>();

  constructor(
    private readonly source: OnnxGraph,
    private readonly plan: Int8Plan,
    private readonly ranges: ReadonlyMap<string, ValueRange>,
  ) {}

  build(metadata: Readonly<Record<string, string>>): Uint8Array {
    const { graph, model } = this.source;
    for (const { name } of graph.input) this.round(name);
    const superfluous = new Set([...this.plan.dropped.values()]);
    for (const node of graph.node) if (!superfluous.has(node)) this.add(node);
    const read = new Set(this.nodes.flatMap(({ input }) => input));
    const kept = graph.initializer.filter(({ name }) => read.has(name));
    const props = [
      ...model.metadataProps,
      ...Object.entries(metadata).map(([key, value]) => ({ key, value })),
    ];
    return toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: model.irVersion,
        producerName: model.producerName,
        opsetImport: model.opsetImport.map(({ domain, version }) => ({ domain, version })),
        metadataProps: props.map(({ key, value }) => ({ key, value })),
        graph: create(GraphProtoSchema, {
          name: graph.name,
          node: this.nodes,
          initializer: [...kept, ...this.added],
          input: graph.input,
          output: graph.output,
        }),
      }),
    );
  }

  private add(node: NodeProto): void {
    const { opType, name, attribute } = node;
    const output = node.output.map((value) => this.plan.dropped.get(value)?.output[0] ?? value);
    const isWeighted = this.plan.nodes.has(name) && (opType === 'Conv' || opType === 'Gemm');
    const input = isWeighted ? this.weightedInputs(node) : node.input.map((value) => this.rounded(value));
    this.nodes.push(create(NodeProtoSchema, { opType, name, domain: node.domain, input, output, attribute }));
    for (const value of output) this.round(value);
  }

  /** What readers of a value read. */
  private rounded(value: string): string {
    return this.plan.rangeOf.has(value) ? `${value}/rounded` : value;
  }

  /** Rounds a value to bytes and back, if the plan has it. */
  private round(value: string): void {
    const origin = this.plan.rangeOf.get(value);
    if (origin === undefined) return;
    const scale = this.scaleOf(origin);
    const parameters = [
      this.constant(`${origin}/scale`, DataType.FLOAT, [], Float32Array.of(scale.scale)),
      this.constant(`${origin}/zero`, DataType.UINT8, [], Uint8Array.of(scale.zero)),
    ];
    this.node('QuantizeLinear', [value, ...parameters], `${value}/bytes`);
    this.node('DequantizeLinear', [`${value}/bytes`, ...parameters], this.rounded(value));
  }

  private scaleOf(origin: string): ByteScale {
    const range = this.ranges.get(origin);
    if (!range) throw new Error(`there is no range of ${origin}`);
    return byteScale(range);
  }

  /** The input, weights and bias of a node, from bytes. */
  private weightedInputs(node: NodeProto): string[] {
    const [x = '', w = '', b] = node.input;
    const axis = node.opType === 'Gemm' && intOf(node, 'transB', 0) === 0 ? 1 : 0;
    const dims = this.source.constant(w)!.dims.map(Number);
    const bias = b ? this.source.floats(b) : undefined;
    const inputScale = this.scaleOf(this.plan.rangeOf.get(x)!).scale;
    const channels = dims[axis]!;
    const { bytes, scales } = roundWeights(this.source.floats(w)!, { channels, axis, bias, inputScale });
    // A constant may be read by several nodes, whose inputs have other scales.
    const own = `${node.name}/weight`;
    const weight = this.fixed(own, [DataType.INT8, dims, bytes], scales, axis);
    if (!bias) return [this.rounded(x), weight];
    const product = scales.map((scale) => Math.fround(scale * inputScale));
    const rounded = roundBias(bias, product);
    return [
      this.rounded(x),
      weight,
      this.fixed(`${node.name}/bias`, [DataType.INT32, [channels], rounded], product, 0),
    ];
  }

  /** A constant of integers with a scale per channel, as floats. */
  private fixed(
    name: string,
    [type, dims, data]: readonly [DataType, readonly number[], ArrayBufferView],
    scales: Float32Array,
    axis: number,
  ): string {
    const zeros = type === DataType.INT8 ? new Int8Array(scales.length) : new Int32Array(scales.length);
    const inputs = [
      this.constant(name, type, dims, data),
      this.constant(`${name}/scale`, DataType.FLOAT, [scales.length], scales),
      this.constant(`${name}/zero`, type, [scales.length], zeros),
    ];
    const attribute = create(AttributeProtoSchema, {
      name: 'axis',
      type: AttributeType.INT,
      i: BigInt(axis),
    });
    return this.node('DequantizeLinear', inputs, `${name}/rounded`, [attribute]);
  }

  private node(opType: string, input: string[], output: string, attribute: AttributeProto[] = []): string {
    this.nodes.push(
      create(NodeProtoSchema, { opType, name: `${output}/${opType}`, input, output: [output], attribute }),
    );
    return output;
  }

  private constant(name: string, dataType: DataType, dims: readonly number[], data: ArrayBufferView): string {
    if (this.known.has(name)) return name;
    this.known.add(name);
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
    this.added.push(create(TensorProtoSchema, { name, dataType, dims: dims.map(BigInt), rawData }));
    return name;
  }
}
