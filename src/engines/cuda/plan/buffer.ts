/**
 * Where a buffer's memory comes from: `transient` lives from its first to its last use in a run, and others may lie in its place
 * at other times; `static` keeps its contents between runs, `constant` ones never change after the prologue; `variable` belongs to the engine.
 */
export type Storage = 'transient' | 'static' | 'constant' | 'variable';

/** Memory that a plan uses. */
export interface PlanBuffer {
  readonly id: number;
  readonly bytes: number;
  readonly storage: Storage;
  /** Name of the variable whose memory it is, of a `variable`. */
  readonly variable?: string;
}
