import type { ValueId } from '../../../graph/program.js';
import type { Shape } from '../../../graph/tensorType.js';
import type { AnyEngineNode, EngineNode } from '../../fusion/node.js';
import type { Usage } from '../../fusion/usage.js';
import { nativeStrides, type Stored } from '../codegen/stored.js';
import type { StorageType } from '../device.js';
import type { PlanBuffers } from './buffers.js';

/** Channels that every part of a chain is a multiple of, so that all of them are aligned. */
const ALIGNMENT = 8;

/** What a chain needs to know of a plan. */
export interface ChainSettings {
  readonly usage: Usage;
  readonly buffers: PlanBuffers;
  shapeOf(value: ValueId): Shape;
  storageOf(value: ValueId): StorageType;
}

/** A part of a joined tensor: its channels from `start` on. */
export interface ChainPart {
  readonly value: ValueId;
  readonly start: number;
}

/** Joined tensors that begin with each other, as in a dense block: each is the first channels of the last one. */
export interface Chain {
  /** Memory of the last one. */
  readonly whole: Stored;
  /** In the order of their channels. */
  readonly parts: readonly ChainPart[];
  /** All joined tensors. */
  readonly joined: readonly ValueId[];
}

type Concat = EngineNode<'concat'>;

/**
 * Chains of a program's concatenations. What is joined is written at once to where it belongs in the last tensor, and nothing is copied.
 */
export class Chains {
  private readonly chains = new Map<ValueId, Chain>();
  private readonly places = new Map<ValueId, Stored>();

  constructor(nodes: readonly AnyEngineNode[], settings: ChainSettings) {
    const joins = nodes.filter((node): node is Concat => node.kind === 'concat' && isJoin(node, settings));
    const nexts = new Map(joins.map((join) => [join.inputs[0]!, join] as const));
    const made = new Set(joins.map(({ outputs }) => outputs[0]!));
    for (const join of joins) {
      if (made.has(join.inputs[0]!)) continue;
      const links = [join];
      for (let next = nexts.get(join.outputs[0]!); next; next = nexts.get(next.outputs[0]!)) links.push(next);
      if (links.length > 1) this.add(links, settings);
    }
  }

  /** Where a part of a chain, or a joined tensor, belongs; undefined for others. */
  placeOf(value: ValueId): Stored | undefined {
    return this.places.get(value);
  }

  /** The chain that a joined tensor is in. */
  chainOf(value: ValueId): Chain | undefined {
    return this.chains.get(value);
  }

  private add(links: readonly Concat[], { buffers, shapeOf, storageOf }: ChainSettings): void {
    const last = links.at(-1)!.outputs[0]!;
    const shape = shapeOf(last);
    const whole = buffers.tensor(shape, storageOf(last), { strides: nativeStrides(shape) });
    const first = links[0]!.inputs[0]!;
    const parts: ChainPart[] = [{ value: first, start: 0 }];
    let start = shapeOf(first)[1]!;
    for (const { inputs } of links) {
      parts.push({ value: inputs[1]!, start });
      start += shapeOf(inputs[1]!)[1]!;
    }
    const joined = links.map(({ outputs }) => outputs[0]!);
    for (const part of parts)
      this.places.set(part.value, { ...whole, shape: shapeOf(part.value), offset: part.start });
    for (const value of joined) {
      this.places.set(value, { ...whole, shape: shapeOf(value) });
      this.chains.set(value, { whole, parts, joined });
    }
  }
}

/** Whether a concatenation is of two images of many channels, the first of which begins no other. */
function isJoin({ attributes, inputs }: Concat, { usage, shapeOf }: ChainSettings): boolean {
  const [first, second] = inputs as [ValueId, ValueId];
  if (attributes.axis !== 1 || inputs.length !== 2 || first === second || shapeOf(first).length !== 4)
    return false;
  const begins = usage.usersOf(first).filter((user) => user.kind === 'concat');
  const joins = usage.usersOf(second).filter((user) => user.kind === 'concat');
  return (
    begins.length === 1 && joins.length === 1 && inputs.every((value) => shapeOf(value)[1]! % ALIGNMENT === 0)
  );
}
