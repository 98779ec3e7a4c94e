import type { KernelBody } from '../codegen/pointwise.js';
import { signatureOf } from '../codegen/source.js';
import type { PlanBuffer } from './buffer.js';
import type { KernelStep, ManyStep, Step } from './step.js';

function isFlat(step: Step): step is KernelStep {
  return step.kind === 'kernel' && step.body.isFlat === true;
}

/**
 * Makes one launch of kernels that follow each other, have the same text and do not depend on each other: casts of weights,
 * optimisers' updates and running statistics, of which a network has hundreds.
 */
export function mergeSteps(steps: readonly Step[]): Step[] {
  const merged: Step[] = [];
  let run: KernelStep[] = [];
  const flush = (): void => {
    merged.push(...mergeRun(run));
    run = [];
  };
  for (const step of steps) {
    if (isFlat(step)) run.push(step);
    else {
      flush();
      merged.push(step);
    }
  }
  flush();
  return merged;
}

/** Kernels in groups of a level, each of which depends on lower ones alone. */
function mergeRun(run: readonly KernelStep[]): Step[] {
  const written = new Map<PlanBuffer, number>();
  const read = new Map<PlanBuffer, number>();
  const groups = new Map<string, { readonly level: number; readonly steps: KernelStep[] }>();
  for (const step of run) {
    const after = [
      ...step.reads.map((buffer) => written.get(buffer)),
      ...step.writes.flatMap((buffer) => [written.get(buffer), read.get(buffer)]),
    ];
    const level = Math.max(0, ...after.map((each) => (each === undefined ? 0 : each + 1)));
    for (const buffer of step.reads) read.set(buffer, Math.max(level, read.get(buffer) ?? 0));
    for (const buffer of step.writes) written.set(buffer, level);
    const key = `${level}\n${signatureOf(step.body)}`;
    const group = groups.get(key) ?? { level, steps: [] };
    groups.set(key, group);
    group.steps.push(step);
  }
  return [...groups.values()].sort((a, b) => a.level - b.level).map(({ steps }) => join(steps));
}

function join(steps: readonly KernelStep[]): Step {
  const [first] = steps as readonly [KernelStep];
  if (steps.length === 1) return first;
  const total = (of: (step: KernelStep) => number): number => steps.reduce((sum, step) => sum + of(step), 0);
  const many: ManyStep = {
    kind: 'many',
    operation: first.operation,
    detail: `${steps.length} × ${first.detail} …`,
    phase: first.phase,
    flops: total(({ flops }) => flops),
    bytes: total(({ bytes }) => bytes),
    reads: [...new Set(steps.flatMap(({ reads }) => reads))],
    writes: [...new Set(steps.flatMap(({ writes }) => writes))],
    bodies: steps.map(({ body }): KernelBody => body),
  };
  return many;
}
