import { fromBinary } from '@bufbuild/protobuf';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
} from '../onnx_pb.js';

/** A model's graph, with the producer and the readers of each value. */
export class OnnxGraph {
  private readonly producers = new Map<string, NodeProto>();
  private readonly readers = new Map<string, NodeProto[]>();
  private readonly constants: ReadonlyMap<string, TensorProto>;
  private readonly outputs: ReadonlySet<string>;

  private constructor(
    readonly model: ModelProto,
    readonly graph: GraphProto,
  ) {
    for (const node of graph.node) {
      for (const output of node.output) this.producers.set(output, node);
      for (const input of new Set(node.input))
        this.readers.set(input, [...(this.readers.get(input) ?? []), node]);
    }
    this.constants = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
    this.outputs = new Set(graph.output.map(({ name }) => name));
  }

  /** The graph of a model that was exported here. */
  static parse(bytes: Uint8Array): OnnxGraph {
    const model = fromBinary(ModelProtoSchema, bytes);
    if (!model.graph) throw new Error('the model has no graph');
    return new OnnxGraph(model, model.graph);
  }

  /** Version of the standard operator set. */
  get opset(): number {
    return Number(this.model.opsetImport.find(({ domain }) => domain === '')?.version ?? 0);
  }

  /** The node that makes a value; undefined for constants and inputs. */
  producerOf(value: string): NodeProto | undefined {
    return this.producers.get(value);
  }

  /** The nodes that read a value, each once. */
  readersOf(value: string): readonly NodeProto[] {
    return this.readers.get(value) ?? [];
  }

  /** A fixed tensor; undefined for a value that depends on the images. */
  constant(value: string | undefined): TensorProto | undefined {
    return value === undefined ? undefined : this.constants.get(value);
  }

  /** Whether a value is an output of the model. */
  isOutput(value: string): boolean {
    return this.outputs.has(value);
  }

  /** A constant's floats; undefined for a value that is not a constant of floats. */
  floats(value: string | undefined): Float32Array | undefined {
    const { rawData } = this.constant(value) ?? {};
    // Copied: a Buffer's part may start anywhere.
    return rawData && new Float32Array(new Uint8Array(rawData).buffer);
  }
}

/** An integer attribute of a node. */
export function intOf(node: NodeProto, name: string, missing: number): number {
  const found = node.attribute.find((attribute) => attribute.name === name);
  return found === undefined ? missing : Number(found.i);
}

/** A float attribute of a node. */
export function floatOf(node: NodeProto, name: string, missing: number): number {
  return node.attribute.find((attribute) => attribute.name === name)?.f ?? missing;
}
