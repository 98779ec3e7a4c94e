import type { Phase } from './phase.js';
import type { AnyProgramNode, Program, ValueId } from './program.js';

/**
 * The phase in which each value of a training step is computed. The nodes' own marks say what is `backward` and
 * what the optimiser's `update`; of the others, those that an output or a gradient depends on are `forward`,
 * and the rest compute new values of variables (statistics) and are `update`, too.
 *
 * @returns phases by value; empty for a program without marks, which is not part of a training step
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
