import { inferTypes } from './ops/table.js';
import type { AnyProgramNode, Program, ValueId } from './program.js';
import { formatType, GraphError, sameShape, type TensorType } from './tensorType.js';

/**
 * Checks any program: every value is defined once and before its use, has the type that
 * its operation's shape rule gives, names are unique, and updates fit their variables.
 *
 * @throws GraphError that names the node.
 */
export function verifyProgram(program: Program): void {
  const defined = new Set<ValueId>();
  const names = new Set<string>();
  const variables = new Map<string, TensorType>();
  program.nodes.forEach((node, index) => {
    verifyNode(program, node, `node ${index} (${node.kind})`, defined);
    const name = sourceName(node);
    if (name === undefined) return;
    if (names.has(name)) throw new GraphError(`${name} appears twice`);
    names.add(name);
    if (node.kind === 'variable') variables.set(node.attributes.name, node.attributes);
  });
  for (const [name, value] of Object.entries(program.outputs)) {
    if (!defined.has(value)) throw new GraphError(`output ${name} is value ${value}, which no node defines`);
  }
  for (const [name, value] of Object.entries(program.updates)) {
    const variable = variables.get(name);
    if (!variable || !defined.has(value))
      throw new GraphError(`the update of ${name} lacks its variable or its value`);
    expectType(`the update of ${name}`, program.values[value]!, variable);
  }
}

/** Key of a source among others: two streams of one name would generate the same numbers. */
function sourceName(node: AnyProgramNode): string | undefined {
  if (node.kind === 'uniform') return `uniform ${node.attributes.stream}`;
  return node.kind === 'input' || node.kind === 'variable'
    ? `${node.kind} ${node.attributes.name}`
    : undefined;
}

function verifyNode(program: Program, node: AnyProgramNode, where: string, defined: Set<ValueId>): void {
  for (const input of node.inputs) {
    if (!defined.has(input)) throw new GraphError(`${where} reads value ${input} before it is defined`);
  }
  const types = inferTypes(
    node.kind,
    node.attributes,
    node.inputs.map((input) => program.values[input]!),
  );
  if (types.length !== node.outputs.length)
    throw new GraphError(`${where} has ${node.outputs.length} outputs, not ${types.length}`);
  node.outputs.forEach((output, i) => {
    if (defined.has(output)) throw new GraphError(`${where} defines value ${output} again`);
    const declared = program.values[output];
    if (!declared) throw new GraphError(`${where} defines value ${output}, which has no type`);
    expectType(`${where}, output ${i}`, declared, types[i]!);
    defined.add(output);
  });
}

function expectType(what: string, found: TensorType, expected: TensorType): void {
  if (!sameShape(found.shape, expected.shape) || found.dtype !== expected.dtype) {
    throw new GraphError(`${what} is ${formatType(found)}, but must be ${formatType(expected)}`);
  }
}
