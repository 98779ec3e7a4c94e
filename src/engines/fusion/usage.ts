import type { Program, ValueId } from '../../graph/program.js';
import type { AnyEngineNode, EngineKind } from './node.js';

/** Values that leave a program: outputs and updates. */
export type ProgramEnds = Pick<Program, 'outputs' | 'updates'>;

function leaving({ outputs, updates }: ProgramEnds): Set<ValueId> {
  return new Set([...Object.values(outputs), ...Object.values(updates)]);
}

/** The nodes whose results are used, in their order; inputs are used by the caller. */
export function living(nodes: readonly AnyEngineNode[], ends: ProgramEnds): AnyEngineNode[] {
  const wanted = leaving(ends);
  const kept: AnyEngineNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (node.kind !== 'input' && !node.outputs.some((output) => wanted.has(output))) continue;
    for (const input of node.inputs) wanted.add(input);
    kept.push(node);
  }
  return kept.reverse();
}

/** The producer, readers and lifetime of each value; `nodes` are in the order in which they are computed. */
export class Usage {
  private readonly users = new Map<ValueId, AnyEngineNode[]>();
  private readonly lasts = new Map<ValueId, number>();
  private readonly makers = new Map<ValueId, AnyEngineNode>();
  private readonly kinds = new Map<EngineKind, AnyEngineNode[]>();
  private readonly indices = new Map<AnyEngineNode, number>();
  private readonly kept: ReadonlySet<ValueId>;

  constructor(nodes: readonly AnyEngineNode[], ends: ProgramEnds) {
    this.kept = leaving(ends);
    nodes.forEach((node, index) => {
      this.indices.set(node, index);
      this.kinds.set(node.kind, [...(this.kinds.get(node.kind) ?? []), node]);
      for (const output of node.outputs) this.makers.set(output, node);
      for (const input of node.inputs) {
        this.users.set(input, [...(this.users.get(input) ?? []), node]);
        this.lasts.set(input, index);
      }
    });
  }

  /** The nodes that read a value. */
  usersOf(value: ValueId): readonly AnyEngineNode[] {
    return this.users.get(value) ?? [];
  }

  /** The node that computes a value. */
  makerOf(value: ValueId): AnyEngineNode | undefined {
    return this.makers.get(value);
  }

  /** The nodes of a kind, in their order. */
  ofKind(kind: EngineKind): readonly AnyEngineNode[] {
    return this.kinds.get(kind) ?? [];
  }

  /** Whether a value is read before `node` is computed. */
  isReadBefore(value: ValueId, node: AnyEngineNode): boolean {
    const index = this.indices.get(node)!;
    return this.usersOf(value).some((user) => this.indices.get(user)! < index);
  }

  /** Whether a value leaves the program. */
  isKept(value: ValueId): boolean {
    return this.kept.has(value);
  }

  /** The only reader of a value that does not leave the program, if there is exactly one. */
  onlyUserOf(value: ValueId): AnyEngineNode | undefined {
    const users = this.usersOf(value);
    return users.length === 1 && !this.kept.has(value) ? users[0] : undefined;
  }

  /** Whether nothing reads a value after node `index`. */
  isDeadAfter(value: ValueId, index: number): boolean {
    return !this.kept.has(value) && (this.lasts.get(value) ?? -1) <= index;
  }
}
