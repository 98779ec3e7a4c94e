import { phasesOf } from './phases.js';
import type { AnyProgramNode, Program, ValueId } from './program.js';

/**
 * Gradient checkpointing: the backward phase of a program (see {@link phasesOf}) recomputes cheap values instead of keeping
 * them: the results of batch normalisation and of activations after it. The operand of the normalisation is kept anyway, for its gradient. The added nodes are placed before the backward phase, or in it as soon as what they read is there: this is for engines that execute a node when its result is needed, not in the program's order. Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016), section 4.
 */
export function recompute(program: Program): Program {
  const phases = phasesOf(program);
  const makers = new Map(
    program.nodes.flatMap((node) => node.outputs.map((value) => [value, node] as const)),
  );
  const values = [...program.values];
  const copies = new Map<ValueId, ValueId>();
  const added: AnyProgramNode[] = [];

  /** The recomputed value, for which nodes are added; the value itself if recomputing is not cheap. */
  const again = (value: ValueId): ValueId => {
    const known = copies.get(value);
    if (known !== undefined) return known;
    const maker = makers.get(value);
    const node = maker && cheapAgain(maker, value);
    if (!node) return value;
    const inputs = node.inputs.map((input, i) => (i === 0 ? again(input) : input));
    if (node.kind === 'unary' && inputs[0] === node.inputs[0]) return value;
    const copy = values.push(values[value]!) - 1;
    copies.set(value, copy);
    added.push({ ...node, inputs, outputs: [copy], phase: 'backward' });
    return copy;
  };

  const isBackward = ({ outputs }: AnyProgramNode): boolean =>
    outputs.some((value) => phases.get(value) === 'backward');
  const nodes = program.nodes.map((node) => {
    if (!isBackward(node)) return node;
    return { ...node, inputs: node.inputs.map((id) => (phases.get(id) === 'forward' ? again(id) : id)) };
  });
  return { ...program, values, nodes: withAdded(nodes, added, nodes.findIndex(isBackward)) };
}

/** The nodes with the added ones, which stand before node `start`, or after it if they read what is made after it. */
function withAdded(
  nodes: readonly AnyProgramNode[],
  added: readonly AnyProgramNode[],
  start: number,
): AnyProgramNode[] {
  const defined = new Set<ValueId>();
  const placed: AnyProgramNode[] = [];
  const place = (node: AnyProgramNode): void => {
    placed.push(node);
    for (const value of node.outputs) defined.add(value);
  };
  let waiting = added;
  for (const [index, node] of nodes.entries()) {
    if (index >= start && waiting.length > 0)
      waiting = waiting.filter((copy) => {
        const isReady = copy.inputs.every((value) => defined.has(value));
        if (isReady) place(copy);
        return !isReady;
      });
    place(node);
  }
  return placed;
}

/** The node that recomputes a value, from the inputs and outputs of its original node. */
function cheapAgain(maker: AnyProgramNode, value: ValueId): AnyProgramNode | undefined {
  if (maker.kind === 'unary') return maker;
  if (maker.kind !== 'batchNormTrain' || value !== maker.outputs[0]) return undefined;
  const { attributes, inputs, outputs } = maker;
  return {
    kind: 'batchNormInference',
    attributes,
    inputs: [...inputs, ...outputs.slice(1)],
    outputs: [value],
  };
}
