import type { Phase } from './phase.js';
import type { AnyProgramNode, Program, ValueId } from './program.js';

/**
 * The phase in which each value of a training step is computed. The nodes' own marks say what is `backward` and
 * what the optimiser's `update`; of the others, `forward` is what an output or a gradient depends on, and the
 * rest are new values of variables (statistics), an `update` too.
 *
 * @returns phases by value; empty for a program without marks, which is no part of a training step
 */
export function phasesOf({ nodes, outputs }: Program): ReadonlyMap<ValueId, Phase> {
  const phases = new Map<ValueId, Phase>();
  if (!nodes.some(({ phase }) => phase)) return phases;
  const wanted = new Set<ValueId>(Object.values(outputs));
  const phaseOf = ({ phase, outputs: results }: AnyProgramNode): Phase =>
    phase ?? (results.some((value) => wanted.has(value)) ? 'forward' : 'update');
  for (const node of [...nodes].reverse()) {
    const phase = phaseOf(node);
    for (const output of node.outputs) phases.set(output, phase);
    if (phase !== 'update') for (const input of node.inputs) wanted.add(input);
  }
  return phases;
}
