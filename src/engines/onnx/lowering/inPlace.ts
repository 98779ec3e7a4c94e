import type { NodeProto } from '../../../formats/onnx/onnx_pb.js';
import type { Name } from './graphBuilder.js';

/** Producers and readers of the values of a graph, and where its nodes stand: each after what it needs. */
interface Uses {
  readonly places: ReadonlyMap<NodeProto, number>;
  readonly producers: ReadonlyMap<Name, NodeProto>;
  readonly readers: ReadonlyMap<Name, readonly NodeProto[]>;
}

function usesOf(nodes: readonly NodeProto[]): Uses {
  const producers = new Map<Name, NodeProto>();
  const readers = new Map<Name, NodeProto[]>();
  for (const node of nodes) {
    for (const output of node.output) producers.set(output, node);
    for (const input of node.input) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const places = new Map(nodes.map((node, place) => [node, place]));
  return { places, producers, readers };
}

/** Whether every one of `wanted` is needed to compute `node`; looks at the nearest first, and at none that stands before all of them. */
function areAncestors(
  wanted: ReadonlySet<NodeProto>,
  node: NodeProto,
  { places, producers }: Uses,
): boolean {
  const missing = new Set(wanted);
  const first = Math.min(...[...wanted].map((reader) => places.get(reader)!));
  const seen = new Set([node]);
  for (const found of seen) {
    for (const input of found.input) {
      const producer = producers.get(input);
      if (!producer || places.get(producer)! < first) continue;
      seen.add(producer);
      missing.delete(producer);
    }
    if (missing.size === 0) return true;
  }
  return false;
}

/** Operators whose result is the operand's memory under another shape. */
const ALIASES = new Set(['Flatten', 'Identity', 'Reshape', 'Squeeze', 'Unsqueeze']);

/** Operators that read each element of an operand of the result's shape before they write it. */
const ELEMENTWISE = new Set(['Add', 'Sub']);

/** The nodes that read a value's memory, under whatever shape. */
function readersOf(value: Name, { readers }: Pick<Uses, 'readers'>): NodeProto[] {
  const direct = readers.get(value) ?? [];
  return direct.flatMap((node) =>
    ALIASES.has(node.opType)
      ? [node, ...node.output.flatMap((alias) => readersOf(alias, { readers }))]
      : [node],
  );
}

/**
 * Whether an output may be written over an input's memory: all that read the input must have run
 * before the node that makes the output, because it needs their results, or be that node, where it goes through
 * both element by element.
 *
 * @returns a test for pairs of model input and output
 */
export function inPlaceTest(nodes: readonly NodeProto[]): (input: Name, output: Name) => boolean {
  const uses = usesOf(nodes);
  return (input, output) => {
    const last = uses.producers.get(output);
    if (last === undefined) return false;
    const readers = new Set(readersOf(input, uses));
    if (readers.delete(last) && !ELEMENTWISE.has(last.opType)) return false;
    return areAncestors(readers, last, uses);
  };
}
