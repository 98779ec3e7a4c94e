import type { AnyProgramNode, Program, ValueId } from '../../../../graph/program.js';
import { isSource } from '../../../fusion/sources.js';

/** A collective of a program. */
export type Collective = Extract<AnyProgramNode, { readonly kind: 'allReduce' }>;

/** When the nodes of a program with collectives are computed: in stages, between which ranks combine tensors. */
export interface Stages {
  /** Stages, one more than there are times to combine, at least. */
  readonly count: number;
  /** The stage of a node that computes; of a collective the one that it follows. */
  readonly of: ReadonlyMap<AnyProgramNode, number>;
  /** The first stage in which a value that is computed or combined can be used. */
  readonly ready: ReadonlyMap<ValueId, number>;
}

/**
 * Spreads nodes over stages: forward passes as early as they can be computed; nodes of later phases, among them what is computed again to save memory, as late as
 * they are needed.
 */
export function stagesOf(program: Program): Stages {
  const early = earliest(program);
  const of = new Map<AnyProgramNode, number>();
  const due = new Map<ValueId, number>();
  const results = new Set([...Object.values(program.outputs), ...Object.values(program.updates)]);
  for (const node of program.nodes.toReversed()) {
    if (isSource(node)) continue;
    const first = early.get(node)!;
    const last = Math.min(...node.outputs.map((value) => due.get(value) ?? Number.POSITIVE_INFINITY));
    const isResult = node.outputs.some((value) => results.has(value));
    const mayWait = node.phase !== undefined && node.kind !== 'allReduce' && !isResult;
    const stage = mayWait && Number.isFinite(last) ? last : first;
    of.set(node, stage);
    for (const value of node.inputs) due.set(value, Math.min(stage, due.get(value) ?? stage));
  }
  const ready = new Map<ValueId, number>();
  for (const [node, stage] of of) makeReady(ready, node, stage);
  return { count: 1 + Math.max(0, ...ready.values()), of, ready };
}

/** The first stage in which each node can be computed. */
function earliest({ nodes }: Program): Map<AnyProgramNode, number> {
  const stages = new Map<AnyProgramNode, number>();
  const ready = new Map<ValueId, number>();
  for (const node of nodes) {
    if (isSource(node)) continue;
    const stage = Math.max(0, ...node.inputs.map((value) => ready.get(value) ?? 0));
    stages.set(node, stage);
    makeReady(ready, node, stage);
  }
  return stages;
}

/** Results of a node can be used in its stage; those of a collective, which follows its stage, in the next. */
function makeReady(ready: Map<ValueId, number>, node: AnyProgramNode, stage: number): void {
  for (const value of node.outputs) ready.set(value, node.kind === 'allReduce' ? stage + 1 : stage);
}
