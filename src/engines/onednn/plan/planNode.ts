import type { OpAttributes, OpKind, Unary } from '../../../graph/op.js';
import type { Program, ValueId } from '../../../graph/program.js';

/** Operations that are made of several of the graph's. */
export interface FusedAttributes {
  /** x, gamma, beta → relu(y), mean, variance. */
  batchNormRelu: { readonly epsilon: number };
  /** dy, x, gamma, mean, variance → dx, dgamma, dbeta, where dy is the gradient toward the ReLU's output. */
  batchNormReluGrad: { readonly epsilon: number };
  /** a, b → relu(a + b), of the same shape. */
  addRelu: Record<never, never>;
  /** x, weight, bias if there is one, addend if there is one → activation(conv2d + addend). */
  conv2dFused: {
    readonly geometry: OpAttributes['conv2d'];
    readonly hasBias: boolean;
    readonly hasAddend: boolean;
    readonly activation: Unary | undefined;
  };
  /** x, gamma, beta, mean, variance → relu(y). */
  batchNormInferenceRelu: { readonly epsilon: number };
  /** dy, x → gradients toward weight and bias. */
  conv2dParameterGrad: OpAttributes['conv2dWeightGrad'];
  /** a, b → their channels in turn: a₀, b₀, a₁, b₁, … */
  interleaveChannels: Record<never, never>;
  /** Every second channel, from the first (0) or the second (1). */
  alternateChannels: { readonly start: 0 | 1 };
  /** a, b → weights[0]·a + weights[1]·b, of the same shape. */
  weightedSum: { readonly weights: readonly [number, number] };
  /** a, b, bias [N] → a·b + bias. */
  matmulBias: OpAttributes['matmul'];
}

/** Attributes of every operation of a plan. */
export interface PlanAttributes extends OpAttributes, FusedAttributes {}

/** Name of an operation of a plan. */
export type PlanKind = OpKind | keyof FusedAttributes;

/** An operation of a plan. */
export interface PlanNode<K extends PlanKind = PlanKind> {
  readonly kind: K;
  readonly attributes: PlanAttributes[K];
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
}

/** A node of any kind; switch over `kind` to narrow it. */
export type AnyPlanNode = { [K in PlanKind]: PlanNode<K> }[PlanKind];

/** Who uses each value of a program. */
export class Usage {
  private readonly users = new Map<ValueId, AnyPlanNode[]>();
  private readonly lasts = new Map<ValueId, number>();
  private readonly makers = new Map<ValueId, AnyPlanNode>();
  private readonly indices = new Map<AnyPlanNode, number>();
  private readonly kept: ReadonlySet<ValueId>;

  constructor(nodes: readonly AnyPlanNode[], { outputs, updates }: Program) {
    this.kept = new Set([...Object.values(outputs), ...Object.values(updates)]);
    nodes.forEach((node, index) => {
      this.indices.set(node, index);
      for (const output of node.outputs) this.makers.set(output, node);
      for (const input of node.inputs) {
        this.users.set(input, [...(this.users.get(input) ?? []), node]);
        this.lasts.set(input, index);
      }
    });
  }

  /** The nodes that read a value. */
  usersOf(value: ValueId): readonly AnyPlanNode[] {
    return this.users.get(value) ?? [];
  }

  /** The node that computes a value. */
  makerOf(value: ValueId): AnyPlanNode | undefined {
    return this.makers.get(value);
  }

  /** Whether a value is read before `node` is computed. */
  isReadBefore(value: ValueId, node: AnyPlanNode): boolean {
    const index = this.indices.get(node)!;
    return this.usersOf(value).some((user) => this.indices.get(user)! < index);
  }

  /** Whether a value leaves the program. */
  isKept(value: ValueId): boolean {
    return this.kept.has(value);
  }

  /** The only reader of a value that does not leave the program, if that is so. */
  onlyUserOf(value: ValueId): AnyPlanNode | undefined {
    const users = this.usersOf(value);
    return users.length === 1 && !this.kept.has(value) ? users[0] : undefined;
  }

  /** Whether nothing reads a value after node `index`. */
  isDeadAfter(value: ValueId, index: number): boolean {
    return !this.kept.has(value) && (this.lasts.get(value) ?? -1) <= index;
  }
}
