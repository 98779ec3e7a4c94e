import type { OpKind } from '../../graph/op.js';

/** Sources of a program: their contents come from outside, and nothing is computed. */
export type SourceKind = 'input' | 'variable' | 'constant' | 'uniform';

/** Operations of the graph that compute. */
export type ComputedKind = Exclude<OpKind, SourceKind>;

/** Operations that a rank computes on its own. */
export type LocalKind = Exclude<ComputedKind, 'allReduce'>;

const sources: ReadonlySet<string> = new Set<SourceKind>(['input', 'variable', 'constant', 'uniform']);

/** Whether a node of a program, fused or not, is a source. */
export function isSource<N extends { readonly kind: string }>(
  node: N,
): node is Extract<N, { readonly kind: SourceKind }> {
  return sources.has(node.kind);
}
