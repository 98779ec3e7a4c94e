import type { OpAttributes, OpKind } from './op.js';
import type { LaterPhase } from './phase.js';
import type { TensorType } from './tensorType.js';

/** A symbolic tensor: one output of a node of a graph that is being built. Functions of `ops/` take and return these. */
export interface Tensor extends TensorType {
  /** Number of the value in its graph. */
  readonly id: number;
  readonly graph: GraphScope;
  readonly node: AnyNode;
  /** Which of the node's outputs this is. */
  readonly output: number;
}

/** An application of an operation. */
export interface Node<K extends OpKind> {
  readonly kind: K;
  readonly attributes: OpAttributes[K];
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** The part of a training step that the node was made for; absent before the gradients. */
  readonly phase?: LaterPhase;
}

/** A node of any kind; switch over `kind` to narrow it. */
export type AnyNode = { [K in OpKind]: Node<K> }[OpKind];

/** The part of a graph that operations use to add themselves. */
export interface GraphScope {
  /** The nodes so far, each after those it depends on. */
  readonly nodes: readonly AnyNode[];
  /**
   * Adds a node and returns its outputs.
   *
   * @throws GraphError when the operation's shape rule refuses the inputs.
   */
  emit<K extends OpKind>(kind: K, attributes: OpAttributes[K], inputs: readonly Tensor[]): readonly Tensor[];
  /** Marks the nodes that `body` adds as a phase of a training step; returns what it returns. */
  inPhase<T>(phase: LaterPhase, body: () => T): T;
}

/**
 * Gradient rule of an operation. `gradients[i]` is the gradient of output i, or undefined if nothing
 * depends on it (never undefined for all). Returns a gradient per input; null if the input
 * has none.
 */
export type GradientRule<K extends OpKind> = (
  node: Node<K>,
  gradients: readonly (Tensor | undefined)[],
) => (Tensor | null)[];

/** Declares, with the reason, that an operation's gradient is zero or unsupported. */
export type NoGradient = { readonly none: string } | { readonly unsupported: string };

/** Gradient rules of some operations. */
export type GradientRules<K extends OpKind> = { readonly [P in K]: GradientRule<P> | NoGradient };

/** Adds a node with exactly one output. */
export function emitOne<K extends OpKind>(
  kind: K,
  attributes: OpAttributes[K],
  inputs: readonly [Tensor, ...Tensor[]],
): Tensor {
  return inputs[0].graph.emit(kind, attributes, inputs)[0]!;
}
