import type { AnyProgramNode, Program } from '../../../graph/program.js';

/**
 * The nodes with the updates at the end, those last whose gradients come first, and after them the averages of what they update.
 * ONNX Runtime goes from the last node that nobody reads to the first, and computes what each of them needs: so a gradient is
 * used as soon as it can be had. Updates and averages whose results are read stay before their readers.
 */
export function inOrder({ nodes }: Pick<Program, 'nodes'>): AnyProgramNode[] {
  const averages = unread(nodes, nodes, 'averageUpdate');
  const updates = unread(nodes, without(nodes, averages), 'sgdUpdate');
  const others = without(nodes, [...averages, ...updates]);
  const sortedUpdates = latestFirst(updates, nodes);
  return [...others, ...sortedUpdates, ...latestFirst(averages, [...others, ...sortedUpdates.toReversed()])];
}

/** The nodes of a kind that none of `readers` reads. */
function unread(
  nodes: readonly AnyProgramNode[],
  readers: readonly AnyProgramNode[],
  wanted: AnyProgramNode['kind'],
): AnyProgramNode[] {
  const read = new Set(readers.flatMap(({ inputs }) => inputs));
  return nodes.filter(({ kind, outputs }) => kind === wanted && !outputs.some((value) => read.has(value)));
}

function without(nodes: readonly AnyProgramNode[], some: readonly AnyProgramNode[]): AnyProgramNode[] {
  const left = new Set(some);
  return nodes.filter((node) => !left.has(node));
}

/** Sorts nodes by where their second input, a gradient or a new value, is made among `nodes`. */
function latestFirst(some: readonly AnyProgramNode[], nodes: readonly AnyProgramNode[]): AnyProgramNode[] {
  const places = new Map(
    nodes.flatMap(({ outputs }, place) => outputs.map((value) => [value, place] as const)),
  );
  const place = ({ inputs: [, value] }: AnyProgramNode): number => places.get(value!)!;
  return some.toSorted((a, b) => place(b) - place(a));
}
