import type { UnaryTable } from '../../../src/graph/op.js';
import { applyUnary } from '../../../src/graph/ops/elementwise.js';
import type { AnyProgramNode, Program } from '../../../src/graph/program.js';
import { sizeOf } from '../../../src/graph/tensorType.js';
import type { ConformanceCase } from './cases.js';
import { expectedOutputs } from './compare.js';

const smooth = (): readonly number[] => [];

/** Where the derivative of a function jumps. */
const kinks: UnaryTable<[], readonly number[]> = {
  relu: () => [0],
  leakyRelu: () => [0],
  clamp: ({ min, max }) => [min, max],
  hswish: () => [-3, 3],
  hsigmoid: () => [-3, 3],
  abs: () => [0],
  sigmoid: smooth,
  tanh: smooth,
  silu: smooth,
  gelu: smooth,
  exp: smooth,
  log: smooth,
  sqrt: smooth,
  neg: smooth,
};

/** A value that decides on which side of a jump a result is, and its distance from it. */
export interface Decision {
  /** The operation that decides. */
  readonly operation: string;
  /** Relative to the largest value of the tensor. */
  readonly distance: number;
}

function isDecision(node: AnyProgramNode, { nodes }: Program): boolean {
  if (node.kind === 'compare') return true;
  // The functions themselves are continuous: only their derivatives jump.
  if (node.kind === 'maxPool2d') return nodes.some(({ kind }) => kind === 'maxPool2dGrad');
  return node.kind === 'unary' && nodes.some(({ kind }) => kind === 'unaryGrad');
}

/** Distances between values that are next to each other in size, of each plane of so many: windows are parts of one. */
function neighbourDistances(values: readonly number[], plane: number): number[] {
  return Array.from({ length: values.length / plane }, (_, i) =>
    values.slice(i * plane, (i + 1) * plane).sort((a, b) => a - b),
  ).flatMap((sorted) => sorted.slice(1).map((value, i) => value - sorted[i]!));
}

/** Distances of values from the next smaller and the next larger of some points. */
function distancesFrom(values: readonly number[], points: readonly number[]): number[] {
  const sorted = Float64Array.from(points).sort();
  return values.flatMap((value) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return [...sorted.subarray(Math.max(0, low - 1), low + 1)].map((point) => Math.abs(value - point));
  });
}

/** Values that decide, each as its distance from a jump, and how large such values are. */
function distancesOf(
  node: AnyProgramNode,
  inputs: readonly (readonly number[])[],
  plane: number,
): { readonly distances: number[]; readonly scale: number } {
  const scale = inputs.flat().reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const [a, b] = inputs as [number[], number[]];
  if (node.kind === 'maxPool2d') return { distances: neighbourDistances(a, plane), scale };
  // Of a comparison the nearest of all, whichever are compared.
  const points = node.kind === 'unary' ? applyUnary(kinks, node.attributes) : b;
  return { distances: distancesFrom(a, points), scale };
}

/** The values of a case that lie nearest to a jump of a function or derivative, one for each operation that has one. */
export function decisionsOf(conformanceCase: ConformanceCase): Decision[] {
  const { program } = conformanceCase;
  const given = new Set(program.nodes.flatMap(({ kind, outputs }) => (kind === 'input' ? outputs : [])));
  const deciding = program.nodes.filter((node) => isDecision(node, program));
  const ids = deciding.flatMap(({ inputs }) => inputs);
  const outputs = Object.fromEntries(ids.map((id) => [`value ${id}`, id]));
  const values = expectedOutputs({ ...conformanceCase, program: { ...program, outputs } });
  return deciding.flatMap((node) => {
    const { distances, scale } = distancesOf(
      node,
      node.inputs.map((id) => Array.from(values[`value ${id}`]!)),
      sizeOf(program.values[node.inputs[0]!]!.shape.slice(-2)),
    );
    // A number that is given on the jump itself stays there; so do two that are one number, moved and not computed.
    const mayBeEqual = node.kind === 'compare' || given.has(node.inputs[0]!);
    const counted = mayBeEqual ? distances.filter((distance) => distance > 0) : distances;
    if (counted.length === 0) return [];
    const operation = 'fn' in node.attributes ? `${node.kind} ${node.attributes.fn}` : node.kind;
    return [{ operation, distance: counted.reduce((a, b) => Math.min(a, b)) / scale }];
  });
}
