import type { AnyProgramNode, Program, ValueId } from './program.js';

/** A program as it is on a single rank, where {@link OpAttributes.allReduce} gives what it is given. */
export function withoutCollectives(program: Program): Program {
  const same = new Map<ValueId, ValueId>();
  const now = (value: ValueId): ValueId => same.get(value) ?? value;
  const nodes: AnyProgramNode[] = [];
  for (const node of program.nodes) {
    const inputs = node.inputs.map(now);
    if (node.kind !== 'allReduce') nodes.push({ ...node, inputs });
    else
      node.outputs.forEach((value, i) => {
        same.set(value, inputs[i]!);
      });
  }
  if (same.size === 0) return program;
  const renamed = (values: Readonly<Record<string, ValueId>>): Record<string, ValueId> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, now(value)]));
  return { ...program, nodes, outputs: renamed(program.outputs), updates: renamed(program.updates) };
}
