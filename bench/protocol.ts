/**
 * What the harness and a candidate's process say to each other: one JSON object a line, a request on the
 * process's stdin, its answer on stdout. `bench/pytorch/worker.py` speaks the same.
 */

/** What a candidate has to run. */
export interface Workload {
  readonly model: string;
  /** Channel multiplier of shufflenetv2. */
  readonly ratio?: number;
  /** Channel multiplier of skipblocknet. */
  readonly width?: number;
  readonly classes: number;
  readonly image_size: number;
  readonly batch: number;
  readonly mode: Mode;
  readonly precision: Precision;
  readonly threads: number;
}

/** A training step (forward, bias loss, backward, SGD) or a forward pass in evaluation mode. */
export type Mode = 'train' | 'eval';
export type Precision = 'f32' | 'bf16';

export type Request =
  | ({ readonly cmd: 'setup'; readonly layout?: string; readonly engine?: string } & Workload)
  | { readonly cmd: 'run'; readonly steps: number }
  | { readonly cmd: 'memory' }
  | { readonly cmd: 'quit' };

/** Answer to `setup`. */
export interface SetupReply {
  readonly parameters: number;
  /** Library and version, for a person. */
  readonly version: string;
}

/** Answer to `run`. */
export interface RunReply {
  /** Of each step. */
  readonly seconds: readonly number[];
  /** Of the last training step. */
  readonly loss: number | null;
}

/** Answer to `memory`. */
export interface MemoryReply {
  /** The greatest resident size of the process so far. */
  readonly peak_bytes: number;
}

/** Answer to a request that failed. */
export interface ErrorReply {
  readonly error: string;
}
