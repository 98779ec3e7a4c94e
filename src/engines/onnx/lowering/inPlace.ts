import type { NodeProto } from '../../../formats/onnx/onnx_pb.js';
import type { Name } from './graphBuilder.js';

/** Producers and readers of the values of a graph, and where its nodes stand: each after what it needs. */
interface Uses {
  readonly places: ReadonlyMap<NodeProto, number>;
  readonly producers: ReadonlyMap<Name, NodeProto>;
  readonly readers: ReadonlyMap<Name, readonly NodeProto[]>;
}

function usesOf(nodes: readonly NodeProto[]): Uses {
  const places = new Map(nodes.map((node, place) => [node, place]));
  const producers = new Map<Name, NodeProto>();
  const readers = new Map<Name, NodeProto[]>();
  for (const node of nodes) {
    for (const output of node.output) producers.set(output, node);
    for (const input of node.input) {
      const others = readers.get(input);
      if (others) others.push(node);
      else readers.set(input, [node]);
    }
  }
  return { places, producers, readers };
}

/** Which nodes each node needs, directly or not: a bit for every pair. */
class Ancestors {
  private readonly words: number;
  private readonly bits: Uint32Array;

  constructor(
    nodes: readonly NodeProto[],
    private readonly uses: Uses,
  ) {
    this.words = Math.ceil(nodes.length / 32);
    this.bits = new Uint32Array(nodes.length * this.words);
    for (const [place, node] of nodes.entries()) this.add(node, place);
  }

  /** Whether `node` needs `other`. */
  has(node: NodeProto, other: NodeProto): boolean {
    const { places } = this.uses;
    const [row, place] = [places.get(node)! * this.words, places.get(other)!];
    return ((this.bits[row + (place >> 5)]! >>> (place & 31)) & 1) === 1;
  }

  private add(node: NodeProto, place: number): void {
    const { words, bits, uses } = this;
    const row = place * words;
    for (const input of node.input) {
      const producer = uses.producers.get(input);
      if (!producer) continue;
      const before = uses.places.get(producer)!;
      for (let w = 0; w <= before >> 5; w++) bits[row + w]! |= bits[before * words + w]!;
      bits[row + (before >> 5)]! |= 1 << (before & 31);
    }
  }
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
  const ancestors = new Ancestors(nodes, uses);
  return (input, output) => {
    const last = uses.producers.get(output);
    if (last === undefined) return false;
    const readers = new Set(readersOf(input, uses));
    if (readers.delete(last) && !ELEMENTWISE.has(last.opType)) return false;
    return [...readers].every((reader) => ancestors.has(last, reader));
  };
}
