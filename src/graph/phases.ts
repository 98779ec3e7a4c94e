import type { Program, ValueId } from './program.js';

/** Part of a training step: the loss and what leads to it, its gradients, and the new values of variables. */
export type Phase = 'forward' | 'backward' | 'update';

/**
 * The phase in which each value of a training step is computed: `forward` is what the outputs depend on,
 * `backward` what else the optimiser's updates depend on, `update` the rest (parameters, statistics).
 *
 * @returns phases by value; empty for a program without an optimiser's updates, where gradients cannot be told
 */
export function phasesOf({ nodes, outputs }: Program): ReadonlyMap<ValueId, Phase> {
  const phases = new Map<ValueId, Phase>();
  const wanted = {
    forward: new Set<ValueId>(Object.values(outputs)),
    backward: new Set<ValueId>(nodes.flatMap((node) => (node.kind === 'sgdUpdate' ? node.inputs : []))),
  };
  if (wanted.backward.size === 0) return phases;
  for (const node of [...nodes].reverse()) {
    const phase = node.outputs.some((value) => wanted.forward.has(value))
      ? 'forward'
      : node.outputs.some((value) => wanted.backward.has(value))
        ? 'backward'
        : 'update';
    for (const output of node.outputs) phases.set(output, phase);
    if (phase !== 'update') for (const input of node.inputs) wanted[phase].add(input);
  }
  return phases;
}
