import type { OpAttributes, OpKind } from './op.js';
import type { LaterPhase } from './phase.js';
import type { AnyNode, Tensor } from './tensor.js';
import { formatType, GraphError, sameShape, type TensorType } from './tensorType.js';

/** Index of a value in {@link Program.values}. */
export type ValueId = number;

/** An application of an operation in a program. */
export interface ProgramNode<K extends OpKind> {
  readonly kind: K;
  readonly attributes: OpAttributes[K];
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
  /** The part of a training step that the node was made for: gradients or update. See {@link phasesOf}. */
  readonly phase?: LaterPhase;
}

/** A program's node of any kind; switch over `kind` to narrow it. */
export type AnyProgramNode = { [K in OpKind]: ProgramNode<K> }[OpKind];

/**
 * A pure function (variables, inputs) → (updated variables, outputs), as plain data that a worker can
 * be sent. Nodes are in an order in which they can be executed, and each of them is needed.
 */
export interface Program {
  /** Type of each value. */
  readonly values: readonly TensorType[];
  readonly nodes: readonly AnyProgramNode[];
  /** Values to return, by name. */
  readonly outputs: Readonly<Record<string, ValueId>>;
  /** New values of variables, by the variable's name. */
  readonly updates: Readonly<Record<string, ValueId>>;
}

/** The tensors that a run must be given, in order. */
export function inputsOf(program: Program): OpAttributes['input'][] {
  return program.nodes.flatMap((node) => (node.kind === 'input' ? [node.attributes] : []));
}

/** The variables that a program reads or updates, in order. */
export function variablesOf(program: Program): OpAttributes['variable'][] {
  return program.nodes.flatMap((node) => (node.kind === 'variable' ? [node.attributes] : []));
}

/** The nodes that `roots` depend on and the variables that are updated, in their order. */
function needed(
  nodes: readonly AnyNode[],
  roots: Iterable<Tensor>,
  updated: ReadonlyMap<string, Tensor>,
): AnyNode[] {
  const wanted = new Set<AnyNode>();
  for (const root of roots) wanted.add(root.node);
  for (const node of nodes)
    if (node.kind === 'variable' && updated.has(node.attributes.name)) wanted.add(node);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i]!;
    if (wanted.has(node)) for (const input of node.inputs) wanted.add(input.node);
  }
  return nodes.filter((node) => wanted.has(node));
}

function checkUpdates(nodes: readonly AnyNode[], updates: ReadonlyMap<string, Tensor>): void {
  const variables = new Map(
    nodes.flatMap((node) =>
      node.kind === 'variable' ? [[node.attributes.name, node.attributes] as const] : [],
    ),
  );
  for (const [name, value] of updates) {
    const variable = variables.get(name);
    if (!variable) throw new GraphError(`the update of ${name} has no variable of that name`);
    if (!sameShape(variable.shape, value.shape) || variable.dtype !== value.dtype) {
      throw new GraphError(
        `the update of ${name} is ${formatType(value)}, the variable ${formatType(variable)}`,
      );
    }
  }
}

/** Builds a program of the nodes that outputs and updates need; see {@link Graph.program}. */
export function buildProgram(
  nodes: readonly AnyNode[],
  outputs: Readonly<Record<string, Tensor>>,
  updates: ReadonlyMap<string, Tensor>,
): Program {
  checkUpdates(nodes, updates);
  const values: TensorType[] = [];
  const ids = new Map<Tensor, ValueId>();
  const roots = [...Object.values(outputs), ...updates.values()];
  const kept = needed(nodes, roots, updates).map((node) => ({
    kind: node.kind,
    attributes: node.attributes,
    inputs: node.inputs.map((input) => ids.get(input)!),
    outputs: node.outputs.map((output) => {
      ids.set(output, values.length);
      return values.push({ shape: output.shape, dtype: output.dtype }) - 1;
    }),
    ...(node.phase && { phase: node.phase }),
  }));
  return {
    values,
    nodes: kept as AnyProgramNode[],
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, ids.get(tensor)!])),
    updates: Object.fromEntries([...updates].map(([name, tensor]) => [name, ids.get(tensor)!])),
  };
}
