import type { OpAttributes, OpKind, Unary } from '../../graph/op.js';
import type { ValueId } from '../../graph/program.js';

/** Operations fused from several of the graph's. */
export interface FusedAttributes {
  /** x, gamma, beta → relu(y), mean, variance. */
  batchNormRelu: { readonly epsilon: number };
  /** dy, x, gamma, mean, variance → dx, dgamma, dbeta, where dy is the gradient toward the ReLU's output. */
  batchNormReluGrad: { readonly epsilon: number };
  /** What the gradient of a normalisation (or of one with a ReLU) reads, addend → dx + addend, dgamma, dbeta. */
  batchNormGradAdd: { readonly epsilon: number; readonly relu: boolean };
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
  /** a, b → their channels alternating: a₀, b₀, a₁, b₁, … */
  interleaveChannels: Record<never, never>;
  /** Every second channel, from the first (0) or the second (1). */
  alternateChannels: { readonly start: 0 | 1 };
  /** a, b → weights[0]·a + weights[1]·b, of the same shape. */
  weightedSum: { readonly weights: readonly [number, number] };
  /** a, b, bias [N] → a·b + bias. */
  matmulBias: OpAttributes['matmul'];
  /** Updates of one kind, such as an optimiser's of all parameters: what the parts read → what they make, in their order. */
  updates: { readonly parts: readonly UpdatePart[] };
}

/** Operations that make new values of a variable from old ones, number by number. */
export type UpdateKind = 'sgdUpdate' | 'adamwUpdate' | 'rmspropUpdate' | 'lionUpdate' | 'averageUpdate';

/** One of several updates that are computed together. */
export interface UpdatePart {
  readonly update: NodeOf<UpdateKind>;
  /** The multiplication of the gradient by a scalar, if only the update reads its result. */
  readonly scaling?: EngineNode<'binary'> | undefined;
}

/** Name of a fused operation. */
export type FusedKind = keyof FusedAttributes;

/** Attributes of every operation that an engine may be given. */
export interface EngineAttributes extends OpAttributes, FusedAttributes {}

/** Name of an operation that an engine may be given: the graph's, and those that fusions make. */
export type EngineKind = OpKind | FusedKind;

/** An operation as an engine computes it. */
export interface EngineNode<K extends EngineKind = EngineKind> {
  readonly kind: K;
  readonly attributes: EngineAttributes[K];
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
}

/** A node of any of some kinds; switch over `kind` to narrow it. */
export type NodeOf<K extends EngineKind> = { [P in K]: EngineNode<P> }[K];

/** A node of any kind. */
export type AnyEngineNode = NodeOf<EngineKind>;
