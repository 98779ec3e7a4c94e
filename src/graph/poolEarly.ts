import type { AnyProgramNode, Program, ProgramNode, ValueId } from './program.js';
import type { TensorType } from './tensorType.js';

type Pool = ProgramNode<'avgPool2d'>;

/**
 * Moves average pooling before 1×1 convolutions and normalisations in evaluation mode: pooling is linear over
 * pixels and they are affine over channels, so pool(w∗x + b) = w∗pool(x) + b, which needs fewer
 * multiplications by the number of pixels of a window (DenseNet's transitions). Padded pooling stays, because its averages include zeros.
 */
export function poolEarly(program: Program): Program {
  const pair = movable(program);
  if (!pair) return program;
  const [pool, affine] = pair;
  const values = [...program.values];
  const nodes = program.nodes.flatMap((node) => {
    if (node === pool) return swapped(pool, affine, values);
    return node === affine ? [] : [node];
  });
  return poolEarly({ ...program, values, nodes });
}

/** The first pooling whose operand is affine over channels and has no other use, with the node of that operand. */
function movable(program: Program): [Pool, AnyProgramNode] | undefined {
  const { nodes, values, outputs, updates } = program;
  const used: ValueId[] = [
    ...nodes.flatMap(({ inputs }) => inputs),
    ...Object.values(outputs),
    ...Object.values(updates),
  ];
  for (const node of nodes) {
    if (node.kind !== 'avgPool2d' || node.attributes.padding.some((pad) => pad > 0)) continue;
    const operand = node.inputs[0]!;
    const maker = nodes.find((other) => other.outputs.includes(operand));
    const isAffine = maker?.kind === 'batchNormInference' || (maker && isPointwise(maker, values));
    if (isAffine && used.filter((value) => value === operand).length === 1) return [node, maker];
  }
  return undefined;
}

function isPointwise({ kind, attributes, inputs }: AnyProgramNode, values: readonly TensorType[]): boolean {
  if (kind !== 'conv2d') return false;
  const { stride, padding, groups } = attributes;
  const kernel = values[inputs[1]!]!.shape.slice(2);
  return groups === 1 && [...kernel, ...stride].every((n) => n === 1) && padding.every((n) => n === 0);
}

function swapped(pool: Pool, affine: AnyProgramNode, values: TensorType[]): AnyProgramNode[] {
  const [x, ...parameters] = affine.inputs as [ValueId, ...ValueId[]];
  const [batch, channels] = values[x]!.shape as [number, number];
  const size = values[pool.outputs[0]!]!.shape.slice(2);
  const pooled = values.push({ ...values[x]!, shape: [batch, channels, ...size] }) - 1;
  return [
    { ...pool, inputs: [x], outputs: [pooled] },
    { ...affine, inputs: [pooled, ...parameters], outputs: pool.outputs },
  ];
}
