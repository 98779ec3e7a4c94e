import type { Program, ValueId } from '../../../graph/program.js';
import { type Expression, fromStored } from '../codegen/expression.js';
import type { Store } from '../codegen/pointwise.js';
import { nativeStrides, type Stored } from '../codegen/stored.js';
import type { LoweredNode } from '../lowering/table.js';
import type { PlanBuffer } from './buffer.js';
import type { Draft } from './draft.js';

/** New values of variables that one kernel writes. */
interface Group {
  readonly node: LoweredNode | undefined;
  readonly updates: { readonly name: string; readonly expression: Expression; readonly target: Stored }[];
}

/**
 * Writes new values over the variables, at the end of a plan. A variable whose old value a later one of these kernels reads gets its
 * new one by way of another place.
 */
export function planUpdates(draft: Draft, program: Program, nodes: readonly LoweredNode[]): void {
  const groups = groupUpdates(draft, program, nodes);
  const lastReads = new Map<PlanBuffer, number>();
  groups.forEach(({ updates }, index) => {
    for (const { expression } of updates)
      for (const { buffer } of expression.reads)
        if (buffer.storage === 'variable') lastReads.set(buffer, index);
  });
  const copies: Store[] = [];
  groups.forEach(({ node, updates }, index) => {
    if (node) draft.begin(node);
    const stores = updates.map(({ expression, target }): Store => {
      const isReadOtherwise =
        (lastReads.get(target.buffer) ?? -1) > index || !isOverwritable(expression, target);
      if (!isReadOtherwise) return { expression, target };
      const aside = draft.buffers.tensor(target.shape, target.type);
      copies.push({ expression: fromStored(aside), target });
      return { expression, target: aside };
    });
    draft.store(stores);
  });
  for (const copy of copies) draft.store([copy]);
}

/** Whether an expression may be written over what it reads: if it reads the target at all, then element by element. */
function isOverwritable(expression: Expression, target: Stored): boolean {
  const own = expression.reads.filter(({ buffer }) => buffer === target.buffer);
  return own.length === 0 || expression.isElementwise;
}

/** Updates by the node that computes them, in the order of the program. */
function groupUpdates(draft: Draft, { updates }: Program, nodes: readonly LoweredNode[]): Group[] {
  const order = new Map<ValueId, number>();
  nodes.forEach(({ outputs }, index) => {
    for (const output of outputs) order.set(output, index);
  });
  const groups = new Map<string, Group & { readonly place: number }>();
  for (const [name, value] of Object.entries(updates)) {
    const { shape, dtype } = draft.typeOf(value);
    const target = draft.buffers.variable(name, shape, dtype);
    const expression = draft.expression(value);
    const own =
      expression.reads.length === 1 && expression.cost === 0 && expression.reads[0]!.buffer === target.buffer;
    if (own) continue;
    const place = order.get(value) ?? -1;
    const node = nodes[place];
    const key = node?.kind.endsWith('Update') ? `${place}` : `${place} ${name}`;
    const group = groups.get(key) ?? { node, place, updates: [] };
    groups.set(key, group);
    group.updates.push({ name, expression, target: { ...target, strides: nativeStrides(shape) } });
  }
  return [...groups.values()].sort((a, b) => a.place - b.place);
}
