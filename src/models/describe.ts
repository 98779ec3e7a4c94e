import { Graph } from '../graph/graph.js';
import type { AnyNode } from '../graph/tensor.js';
import { type Shape, sizeOf } from '../graph/tensorType.js';
import { Trace } from '../nn/trace.js';
import type { Model } from './model.js';

/** A model's size. */
export interface ModelDescription {
  readonly parameters: number;
  /** Multiply-accumulates of convolutions and linear layers for one image. */
  readonly macs: number;
  /** Output shape of each stage for one image, and its multiply-accumulates. */
  readonly stages: readonly { readonly name: string; readonly shape: Shape; readonly macs: number }[];
}

/** Multiply-accumulates of a node: outputs times the length of the dot product behind each. */
function macsOf(node: AnyNode): number {
  if (node.kind === 'conv2d') return sizeOf(node.outputs[0]!.shape) * sizeOf(node.inputs[1]!.shape.slice(1));
  if (node.kind === 'matmul') {
    const [rows, columns] = node.inputs[0]!.shape as [number, number];
    return sizeOf(node.outputs[0]!.shape) * (node.attributes.transposeA ? rows : columns);
  }
  return 0;
}

/** Counts a model's parameters, multiply-accumulates and stages. */
export function describeModel(model: Model): ModelDescription {
  const graph = new Graph();
  const trace = new Trace(graph, model, false);
  const { logits } = model.forward(graph.input('images', model.imagesShape(1)), trace);
  trace.mark('logits', logits);
  let begin = 0;
  const stages = [...trace.marks].map(([name, tensor]) => {
    const end = graph.nodes.indexOf(tensor.node) + 1;
    const macs = graph.nodes.slice(begin, end).reduce((total, node) => total + macsOf(node), 0);
    begin = end;
    return { name, shape: tensor.shape.slice(1), macs };
  });
  const macs = stages.reduce((total, stage) => total + stage.macs, 0);
  return { parameters: model.parameterCount, macs, stages };
}
