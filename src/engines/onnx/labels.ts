import type { OpAttributes } from '../../graph/op.js';
import type { AnyProgramNode, Program, ValueId } from '../../graph/program.js';
import { GraphError, sizeOf, type TensorData } from '../../graph/tensorType.js';
import type { NamedData } from '../engine.js';
import type { Dense, Kernels } from '../reference/kernel.js';
import { shapeKernels } from '../reference/kernels/shape.js';

/** The value of a variable. */
export type ReadVariable = (name: string) => TensorData | Promise<TensorData>;

type MoveKind = typeof shapeKernels extends Kernels<infer K> ? K : never;

/** Class numbers that an operation uses. */
interface Labels {
  readonly value: ValueId;
  readonly classes: number;
}

function isMove(node: AnyProgramNode): node is Extract<AnyProgramNode, { readonly kind: MoveKind }> {
  return node.kind in shapeKernels;
}

function move<K extends MoveKind>(
  kind: K,
  attributes: OpAttributes[K],
  operands: readonly Dense[],
  result: Dense,
): void {
  const kernel: (typeof shapeKernels)[K] = shapeKernels[kind];
  kernel(attributes, operands, [result]);
}

/** The labels of a program, which are integers: inputs, variables and constants, or these cut up, joined and moved. */
export class ProgramLabels {
  private readonly used: readonly Labels[];
  private readonly makers: ReadonlyMap<ValueId, AnyProgramNode>;

  constructor(private readonly program: Program) {
    const { nodes, values } = program;
    this.used = nodes.flatMap((node) =>
      node.kind === 'softmaxCrossEntropy' || node.kind === 'oneHot'
        ? [{ value: node.inputs.at(-1)!, classes: values[node.outputs.at(-1)!]!.shape[1]! }]
        : [],
    );
    this.makers = new Map(nodes.flatMap((node) => node.outputs.map((value) => [value, node] as const)));
  }

  /**
   * Rejects labels that are not a class number; ONNX Runtime would count a negative one from the end.
   *
   * @throws GraphError naming the label
   */
  async check(inputs: NamedData, variable: ReadVariable): Promise<void> {
    for (const { value, classes } of this.used) {
      const { data } = await this.contents(value, inputs, variable);
      const found = data.findIndex((label) => !(label >= 0 && label < classes));
      if (found >= 0)
        throw new GraphError(
          `softmaxCrossEntropy: label ${data[found]} of image ${found} is not in 0 … ${classes - 1}`,
        );
    }
  }

  private async contents(value: ValueId, inputs: NamedData, variable: ReadVariable): Promise<Dense> {
    const { shape } = this.program.values[value]!;
    const maker = this.makers.get(value)!;
    switch (maker.kind) {
      case 'input':
        return { shape, data: inputs[maker.attributes.name]! };
      case 'variable':
        return { shape, data: await variable(maker.attributes.name) };
      case 'constant':
        return { shape, data: maker.attributes.data };
    }
    if (!isMove(maker)) throw new Error(`labels cannot be the result of ${maker.kind}`);
    const operands: Dense[] = [];
    for (const id of maker.inputs) operands.push(await this.contents(id, inputs, variable));
    const result = { shape, data: new Int32Array(sizeOf(shape)) };
    move(maker.kind, maker.attributes, operands, result);
    return result;
  }
}
