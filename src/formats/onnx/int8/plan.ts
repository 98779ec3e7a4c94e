import type { NodeProto } from '../onnx_pb.js';
import { floatOf, intOf, type OnnxGraph } from './onnxGraph.js';

/** What of a graph is computed with 8-bit integers. */
export interface Int8Plan {
  /** The nodes, by name. */
  readonly nodes: ReadonlySet<string>;
  /** Activations that rounding to their range makes superfluous, by the value before them. */
  readonly dropped: ReadonlyMap<string, NodeProto>;
  /** Values that are rounded, each with the value whose range it has: its own, or the one that it was moved from. */
  readonly rangeOf: ReadonlyMap<string, string>;
}

/** Operators that only move values, which keep their scale. */
const MOVES = new Set([
  'MaxPool',
  'Reshape',
  'Transpose',
  'Flatten',
  'Slice',
  'Squeeze',
  'Unsqueeze',
  'Split',
]);
const AVERAGES = new Set(['AveragePool', 'GlobalAveragePool']);
const GATES = new Set(['HardSigmoid', 'Sigmoid']);

/** Nodes with weights, which may be left out of a plan: their names in the graph's order. */
export function weightedNodes(graph: OnnxGraph): string[] {
  return graph.graph.node.filter((node) => hasFixedWeights(graph, node)).map(({ name }) => name);
}

function hasFixedWeights(graph: OnnxGraph, node: NodeProto): boolean {
  if (node.opType !== 'Conv' && node.opType !== 'Gemm') return false;
  const [, weight, bias] = node.input;
  const isPlain =
    node.opType === 'Conv' || (intOf(node, 'transA', 0) === 0 && floatOf(node, 'alpha', 1) === 1);
  return isPlain && graph.floats(weight) !== undefined && (!bias || graph.floats(bias) !== undefined);
}

/**
 * Plans which nodes are computed with integers: all with weights, and additions, products, joins, pools and moves of
 * what already is in integers. A product of a value and its own gate (hard-swish, SiLU) stays in float.
 *
 * @param excluded names of nodes with weights that stay in float
 */
export function planInt8(graph: OnnxGraph, excluded: ReadonlySet<string> = new Set()): Int8Plan {
  const planning = new Planning(graph);
  for (const node of graph.graph.node) if (!excluded.has(node.name)) planning.consider(node);
  return planning;
}

class Planning implements Int8Plan {
  readonly nodes = new Set<string>();
  readonly dropped = new Map<string, NodeProto>();
  readonly rangeOf = new Map<string, string>();

  constructor(private readonly graph: OnnxGraph) {}

  consider(node: NodeProto): void {
    const { opType, name } = node;
    const [first = '', second = ''] = node.input;
    if (hasFixedWeights(this.graph, node)) {
      this.nodes.add(name);
      this.round(first);
      // A linear layer's results stay in float: the logits, or what an activation takes.
      if (opType === 'Conv') this.roundResult(node);
    } else if (opType === 'Add' ? this.has(first) && this.has(second) : this.isGated(node)) {
      this.nodes.add(name);
      for (const input of node.input) this.round(input);
      this.roundResult(node);
    } else if (opType === 'Concat' ? node.input.every((input) => this.has(input)) : this.isPool(node)) {
      this.nodes.add(name);
      this.roundResult(node);
    } else if (MOVES.has(opType) && this.has(first) && !node.output.some((one) => this.graph.isOutput(one))) {
      this.nodes.add(name);
      for (const output of node.output) this.rangeOf.set(output, this.rangeOf.get(first)!);
    }
  }

  private has(value: string): boolean {
    return this.rangeOf.has(value);
  }

  private isPool({ opType, input }: NodeProto): boolean {
    return AVERAGES.has(opType) && this.has(input[0] ?? '');
  }

  /** A product of two values that depend on the images, one of which is in integers, and neither is the other's gate. */
  private isGated({ opType, input: [a = '', b = ''] }: NodeProto): boolean {
    if (opType !== 'Mul' || this.graph.constant(a) || this.graph.constant(b)) return false;
    if (isGateOf(this.graph, a, b) || isGateOf(this.graph, b, a)) return false;
    return this.has(a) || this.has(b);
  }

  private round(value: string): void {
    if (!this.has(value)) this.rangeOf.set(value, value);
  }

  private roundResult(node: NodeProto): void {
    const [result = ''] = node.output;
    const [reader, ...others] = this.graph.readersOf(result);
    const isDropped =
      reader !== undefined &&
      others.length === 0 &&
      !this.graph.isOutput(result) &&
      isCut(this.graph, reader);
    if (isDropped) this.dropped.set(result, reader);
    this.round(isDropped ? reader.output[0]! : result);
  }
}

/** Whether a node limits values to a range that has 0, as rounding to that range does. */
function isCut(graph: OnnxGraph, { opType, input }: NodeProto): boolean {
  if (opType === 'Relu') return true;
  if (opType !== 'Clip') return false;
  const [least, most] = [graph.floats(input[1])?.[0], graph.floats(input[2])?.[0]];
  return least !== undefined && most !== undefined && least <= 0 && most >= 0;
}

function isGateOf(graph: OnnxGraph, gate: string, value: string): boolean {
  const node = graph.producerOf(gate);
  return node !== undefined && GATES.has(node.opType) && node.input[0] === value;
}

/**
 * What of a value's range matters. A hard sigmoid is 0 below −3 and 1 above 3, so hard-swish needs none of the values below
 * −3, which may be most of the range.
 */
export function usefulRange(graph: OnnxGraph, value: string): readonly [low: number, high: number] {
  const readers = graph.readersOf(value);
  const gates = readers.filter(({ opType }) => opType === 'HardSigmoid');
  const [gate] = gates;
  const ofSwish = readers.filter(
    ({ opType, input: [a = '', b = ''] }) =>
      opType === 'Mul' && (isGateOf(graph, a, b) || isGateOf(graph, b, a)),
  );
  if (gate === undefined || gates.length + ofSwish.length < readers.length)
    return [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const [alpha, beta] = [floatOf(gate, 'alpha', 0.2), floatOf(gate, 'beta', 0.5)];
  const high = ofSwish.length > 0 ? Number.POSITIVE_INFINITY : (1 - beta) / alpha;
  return [-beta / alpha, high];
}
