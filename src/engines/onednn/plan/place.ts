import type { MemoryDesc } from '../memoryDesc.js';

/**
 * Where a buffer's memory comes from: `transient` lives from its first to its last use in a run, and others
 * may lie in its place at other times; `static` keeps its contents between runs; `variable` belongs to the engine.
 */
export type Storage = 'transient' | 'static' | 'variable';

/** Memory that a plan uses. */
export interface PlanBuffer {
  readonly id: number;
  readonly bytes: number;
  /** While the plan is made, `transient` becomes `static` where the contents turn out to be fixed. */
  storage: Storage;
  /** Name of the variable whose memory it is, of a `variable`. */
  readonly variable?: string;
  /** Transient buffers, this one among them, that lie one after the other in this order; see {@link Buffers.join}. */
  row?: readonly PlanBuffer[];
}

/** A tensor in a buffer. */
export interface Place {
  readonly desc: MemoryDesc;
  readonly buffer: PlanBuffer;
  /** Where the tensor's descriptor begins in the buffer, in bytes. */
  readonly offset: number;
  /** Whether it is a part of a larger tensor, with gaps: to be copied from, not computed with. */
  readonly isPart?: true;
}
