import type { OpKind } from './op.js';
import { add } from './ops/elementwise.js';
import { sumTo } from './ops/reduce.js';
import { concat } from './ops/shape.js';
import { gradientRules } from './ops/table.js';
import type { AnyNode, GradientRules, Node, Tensor } from './tensor.js';
import { formatShape, formatType, GraphError, sameShape, sizeOf } from './tensorType.js';

/**
 * Gradients of a scalar by reverse-mode automatic differentiation: adds the nodes that compute
 * ∂loss/∂t for each tensor t of `wrt`, marked as the backward phase of a training step.
 *
 * @param loss a tensor of one element
 * @returns tensors shaped as those of `wrt`, in that order
 * @throws GraphError when loss is not a scalar, does not depend on one of `wrt`, or a rule returns a
 *   gradient of the wrong type
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (sizeOf(loss.shape) !== 1)
    throw new GraphError(`gradients need a scalar loss, not ${formatShape(loss.shape)}`);
  const nodes = [...loss.graph.nodes];
  return loss.graph.inPhase('backward', () => backward(loss, nodes, wrt));
}

function backward(loss: Tensor, nodes: readonly AnyNode[], wrt: readonly Tensor[]): Tensor[] {
  const contributions = new Map<Tensor, Tensor[]>();
  const one = loss.graph.emit(
    'constant',
    { shape: loss.shape, dtype: 'f32', data: Float32Array.of(1) },
    [],
  )[0]!;
  contributions.set(loss, [one]);
  const reached = dependents(nodes, wrt);
  for (let i = nodes.length - 1; i >= 0; i--) {
    if (reached.has(nodes[i]!)) propagate(nodes[i]!, contributions);
  }
  return wrt.map((tensor) => {
    const gradient = accumulate(contributions.get(tensor), tensor);
    if (!gradient) throw new GraphError(`the loss does not depend on ${describe(tensor)}`);
    return gradient;
  });
}

function describe(tensor: Tensor): string {
  const { node } = tensor;
  return node.kind === 'variable' || node.kind === 'input'
    ? node.attributes.name
    : `a ${node.kind} of ${formatType(tensor)}`;
}

/** Nodes that depend on one of the tensors. */
function dependents(nodes: readonly AnyNode[], tensors: readonly Tensor[]): Set<AnyNode> {
  const sources = new Set(tensors);
  const found = new Set<AnyNode>();
  for (const node of nodes) {
    if (node.inputs.some((input) => sources.has(input) || found.has(input.node))) found.add(node);
  }
  return found;
}

/** Adds to the gradients of a node's inputs what they get through the node. */
function propagate(node: AnyNode, contributions: Map<Tensor, Tensor[]>): void {
  const outputGradients = node.outputs.map((output) => accumulate(contributions.get(output), output));
  if (outputGradients.every((gradient) => gradient === undefined)) return;
  const inputGradients = applyRule(node, outputGradients);
  node.inputs.forEach((input, i) => {
    const gradient = inputGradients[i];
    if (!gradient) return;
    const list = contributions.get(input) ?? [];
    list.push(fit(node.kind, gradient, input));
    contributions.set(input, list);
  });
}

function applyRule<K extends OpKind>(
  node: Node<K>,
  outputGradients: (Tensor | undefined)[],
): (Tensor | null)[] {
  const rule: GradientRules<OpKind>[K] = gradientRules[node.kind];
  if (typeof rule === 'function') return rule(node, outputGradients);
  if ('unsupported' in rule) throw new GraphError(`no gradient through ${node.kind}: ${rule.unsupported}`);
  return node.inputs.map(() => null);
}

/** Undoes broadcasting of elementwise operations, and rejects anything else that is not the input's type. */
function fit(kind: OpKind, gradient: Tensor, input: Tensor): Tensor {
  const fitted = kind === 'binary' || kind === 'select' ? sumTo(gradient, input.shape) : gradient;
  if (!sameShape(fitted.shape, input.shape) || fitted.dtype !== input.dtype) {
    throw new GraphError(
      `the gradient rule of ${kind} gave ${formatType(fitted)} for an input of ${formatType(input)}`,
    );
  }
  return fitted;
}

/** The sum of all contributions to one gradient; undefined if there are none. */
function accumulate(list: readonly Tensor[] | undefined, tensor: Tensor): Tensor | undefined {
  if (!list || list.length === 0) return undefined;
  return joinedParts(list, tensor) ?? list.reduce((total, gradient) => add(total, gradient));
}

/** Gradients of the parts of a tensor that was cut up along one axis are joined instead of padded and added. */
function joinedParts(list: readonly Tensor[], tensor: Tensor): Tensor | undefined {
  const parts = list.flatMap(({ node }) => (node.kind === 'pad' ? [node] : []));
  const axis = parts[0]?.attributes.axis;
  if (axis === undefined || parts.length !== list.length || list.length < 2) return undefined;
  if (parts.some(({ attributes }) => attributes.axis !== axis)) return undefined;
  parts.sort((a, b) => a.attributes.before - b.attributes.before);
  let position = 0;
  for (const { attributes, inputs } of parts) {
    if (attributes.before !== position) return undefined;
    position += inputs[0]!.shape[axis]!;
  }
  const [first, ...rest] = parts.map(({ inputs }) => inputs[0]!);
  return position === tensor.shape[axis] && first ? concat([first, ...rest], axis) : undefined;
}
