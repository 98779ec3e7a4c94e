import { affineOf, pruned } from './foldBatchNorm.js';
import type { ConvGeometry } from './op.js';
import type { AnyProgramNode, Program, ProgramNode, ValueId } from './program.js';
import { type Shape, sameShape, type TensorData, type TensorType } from './tensorType.js';

type Affine = ProgramNode<'conv2d'> | ProgramNode<'batchNormInference'>;

/** A convolution of `x` with constants, [O, C/groups, kh, kw] and [O]. */
interface Branch {
  readonly x: ValueId;
  readonly shape: Shape;
  readonly weight: ArrayLike<number>;
  readonly bias: ArrayLike<number>;
  readonly geometry: ConvGeometry;
}

/**
 * Makes one convolution of a sum of branches from the same tensor, w∗x + b + v∗x + c = (w + v)∗x + (b + c): the smaller kernel is
 * padded with zeros, and a normalisation in evaluation mode is a convolution with a diagonal 1×1 kernel (RepVGG's
 * re-parameterisation). Branches with another use stay.
 *
 * @param program with constants, as `foldBatchNorm` leaves it
 */
export function joinBranches(program: Program): Program {
  return new Joiner(program).join();
}

class Joiner {
  private readonly types: TensorType[];
  private readonly constants = new Map<ValueId, TensorData>();
  private readonly producers = new Map<ValueId, AnyProgramNode>();
  private readonly uses = new Map<ValueId, number>();

  constructor(private readonly program: Program) {
    this.types = [...program.values];
    const used = [...program.nodes.flatMap(({ inputs }) => inputs), ...Object.values(program.outputs)];
    for (const value of used) this.uses.set(value, (this.uses.get(value) ?? 0) + 1);
  }

  join(): Program {
    const { nodes, outputs } = this.program;
    const joined = nodes.flatMap((node): AnyProgramNode[] => {
      const made = node.kind === 'binary' && node.attributes.fn === 'add' ? this.joined(node) : [node];
      for (const each of made) this.record(each);
      return made;
    });
    return { ...this.program, values: this.types, nodes: pruned(joined, outputs) };
  }

  private record(node: AnyProgramNode): void {
    for (const output of node.outputs) this.producers.set(output, node);
    if (node.kind === 'constant') this.constants.set(node.outputs[0]!, node.attributes.data);
  }

  private joined(sum: ProgramNode<'binary'>): AnyProgramNode[] {
    const [a, b] = sum.inputs.map((value) => this.makerOf(value));
    const groups = [a, b].find((node) => node?.kind === 'conv2d')?.attributes.groups;
    if (!a || !b || groups === undefined) return [sum];
    const branches = [this.branch(a, groups), this.branch(b, groups)] as const;
    const [large, small] = area(branches[0]) < area(branches[1]) ? [branches[1], branches[0]] : branches;
    if (!fits(small, large)) return [sum];
    const weight = this.constant(large.shape, sumOfKernels(small, large));
    const total = Float32Array.from(large.bias, (value, i) => value + small.bias[i]!);
    const bias = this.constant([total.length], total);
    const inputs = [large.x, weight.outputs[0]!, bias.outputs[0]!];
    return [weight, bias, { kind: 'conv2d', attributes: large.geometry, inputs, outputs: sum.outputs }];
  }

  /** The convolution or normalisation that makes a value for one use, from constants. */
  private makerOf(value: ValueId): Affine | undefined {
    const node = this.producers.get(value);
    if (node?.kind !== 'conv2d' && node?.kind !== 'batchNormInference') return undefined;
    const known = node.inputs.slice(1).every((input) => this.constants.has(input));
    return known && this.uses.get(value) === 1 ? node : undefined;
  }

  private branch(node: Affine, groups: number): Branch {
    const [x, weight, bias] = node.inputs as [ValueId, ValueId, ValueId?];
    if (node.kind === 'batchNormInference') return this.diagonal(node, groups);
    const { shape } = this.types[weight]!;
    const constants = this.constants.get(weight)!;
    const offsets = bias === undefined ? new Float32Array(shape[0]!) : this.constants.get(bias)!;
    return { x, shape, weight: constants, bias: offsets, geometry: node.attributes };
  }

  /** A normalisation as a convolution in so many groups. */
  private diagonal(norm: ProgramNode<'batchNormInference'>, groups: number): Branch {
    const { scale, shift } = affineOf(norm, this.constants);
    const perGroup = scale.length / groups;
    const weight = new Float64Array(scale.length * perGroup);
    scale.forEach((value, c) => {
      weight[c * perGroup + (c % perGroup)] = value;
    });
    const geometry: ConvGeometry = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups };
    return { x: norm.inputs[0]!, shape: [scale.length, perGroup, 1, 1], weight, bias: shift, geometry };
  }

  private constant(shape: Shape, data: Float32Array): ProgramNode<'constant'> {
    const type = { shape, dtype: 'f32' as const };
    const value = this.types.push(type) - 1;
    return { kind: 'constant', attributes: { ...type, data }, inputs: [], outputs: [value] };
  }
}

function area({ shape }: Branch): number {
  return shape[2]! * shape[3]!;
}

/** How far inside the larger kernel the smaller one's first element is, along height and width. */
function offsetsOf(small: Branch, large: Branch): [number, number] {
  const [top, left] = large.geometry.padding;
  return [top - small.geometry.padding[0], left - small.geometry.padding[1]];
}

/** Whether both look at the same pixels, the smaller kernel in the middle of the larger one. */
function fits(small: Branch, large: Branch): boolean {
  const [a, b] = [small.geometry, large.geometry];
  const centred = offsetsOf(small, large).every(
    (offset, axis) => offset >= 0 && small.shape[2 + axis]! + 2 * offset === large.shape[2 + axis]!,
  );
  return (
    centred &&
    small.x === large.x &&
    a.groups === b.groups &&
    sameShape(a.stride, b.stride) &&
    [...a.dilation, ...b.dilation].every((distance) => distance === 1) &&
    sameShape(small.shape.slice(0, 2), large.shape.slice(0, 2))
  );
}

/** The larger kernel, with the smaller one added where it lies. */
function sumOfKernels(small: Branch, large: Branch): Float32Array {
  const [top, left] = offsetsOf(small, large);
  const [, , height, width] = large.shape as [number, number, number, number];
  const [, , rows, columns] = small.shape as [number, number, number, number];
  const sum = Float32Array.from(large.weight);
  for (let i = 0; i < small.weight.length; i++) {
    const kernel = Math.floor(i / (rows * columns));
    const y = (Math.floor(i / columns) % rows) + top;
    const x = (i % columns) + left;
    const at = (kernel * height + y) * width + x;
    sum[at] = large.weight[at]! + small.weight[i]!;
  }
  return sum;
}
