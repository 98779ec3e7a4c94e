import type { EngineKind, EngineNode } from '../../fusion/node.js';
import type { Draft } from '../plan/draft.js';

/** Adds the steps of a node to a plan, or says how its readers compute it. */
export type Lowering<K extends EngineKind> = (draft: Draft, node: EngineNode<K>) => void;

/** Lowerings of some operations. */
export type Lowerings<K extends EngineKind> = { readonly [P in K]: Lowering<P> };
