import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from '../onnx_pb.js';
import { takesAxesAsInput } from '../opsets.js';
import type { OnnxGraph } from './onnxGraph.js';

const AXIS = 'extremes/axis';

/** Names of the outputs with the least and greatest of a value in each image. */
export const extremesOf = (value: string): readonly [least: string, greatest: string] => [
  `${value}/least`,
  `${value}/greatest`,
];

/** A float model that also gives the extremes of some values, [N] each. */
export function withExtremes({ model, graph, opset }: OnnxGraph, values: readonly string[]): Uint8Array {
  const added = values.flatMap((value) => extremeNodes(value, opset));
  const outputs = values.flatMap(extremesOf).map((name) =>
    create(ValueInfoProtoSchema, {
      name,
      type: { value: { case: 'tensorType', value: { elemType: DataType.FLOAT } } },
    }),
  );
  const extended = {
    ...graph,
    node: [...graph.node, ...added],
    initializer: [...graph.initializer, axisTensor()],
    output: [...graph.output, ...outputs],
  };
  return toBinary(ModelProtoSchema, { ...model, graph: extended });
}

function extremeNodes(value: string, opset: number): NodeProto[] {
  const flat = `${value}/flat`;
  const [least, greatest] = extremesOf(value);
  return [
    create(NodeProtoSchema, { opType: 'Flatten', name: flat, input: [value], output: [flat] }),
    reduction('ReduceMin', flat, least, opset),
    reduction('ReduceMax', flat, greatest, opset),
  ];
}

function reduction(opType: string, input: string, output: string, opset: number): NodeProto {
  const keep = create(AttributeProtoSchema, { name: 'keepdims', type: AttributeType.INT, i: 0n });
  const axes = create(AttributeProtoSchema, { name: 'axes', type: AttributeType.INTS, ints: [1n] });
  const asInput = takesAxesAsInput(opType, opset);
  return create(NodeProtoSchema, {
    opType,
    name: output,
    input: asInput ? [input, AXIS] : [input],
    output: [output],
    attribute: asInput ? [keep] : [keep, axes],
  });
}

function axisTensor(): TensorProto {
  const rawData = new Uint8Array(BigInt64Array.of(1n).buffer);
  return create(TensorProtoSchema, { name: AXIS, dataType: DataType.INT64, dims: [1n], rawData });
}
