import type { PlanBuffer } from './buffer.js';
import type { Step } from './step.js';

/** Steps that what is beside them may take before it is waited for. */
const PATIENCE = 12;

/**
 * The steps that nothing soon depends on, such as gradients toward weights, by the index of the step that has to wait for them. They can be
 * done beside the others, which alone do not fill a device where images are small.
 */
export function asidesOf(steps: readonly Step[]): ReadonlyMap<number, number> {
  const asides = new Map<number, number>();
  steps.forEach((_, index) => {
    const joined = index + PATIENCE;
    if (joined < steps.length && isPatient(steps, index, joined)) asides.set(index, joined);
  });
  return asides;
}

/** Whether no step up to `joined` uses what a step writes, or writes what it uses. */
function isPatient(steps: readonly Step[], index: number, joined: number): boolean {
  const { reads, writes } = steps[index]!;
  const touches = (some: readonly PlanBuffer[], others: readonly PlanBuffer[]): boolean =>
    some.some((buffer) => others.includes(buffer));
  for (let i = index + 1; i < joined; i++) {
    const step = steps[i]!;
    if (touches(step.reads, writes) || touches(step.writes, writes) || touches(step.writes, reads))
      return false;
  }
  return true;
}
