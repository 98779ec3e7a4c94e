/**
 * What the harness and a candidate's process say to each other: one JSON object a line, a request on the
 * process's stdin, its answer on stdout. `bench/pytorch/worker.py` speaks the same.
 */
import type { Hyperparameters } from '../src/models/registry.js';

/** What a candidate has to run: a model with its family's hyperparameters under their own names. */
export interface Workload extends Hyperparameters {
  readonly model: string;
  readonly classes: number;
  readonly image_size: number;
  readonly batch: number;
  readonly mode: Mode;
  readonly precision: Precision;
  readonly threads: number;
  /** For `validate`: a folder of class folders of images. */
  readonly data?: string;
  /** For `validate`: passes over the folder in one step. */
  readonly repeat?: number;
}

/**
 * What a step is: forward, bias loss, backward and SGD (`train`), a forward pass in evaluation mode (`eval`), or
 * a pass over a folder of images from their files to top-1 and top-5 (`validate`).
 */
export type Mode = 'train' | 'eval' | 'validate';
export type Precision = 'f32' | 'bf16';

/** How PyTorch runs a workload. */
export interface PyTorchVariant {
  /** Memory format. */
  readonly layout: 'contiguous' | 'channels_last';
  readonly way: Way;
}

/**
 * How PyTorch runs a model: as the published code does (`eager`), as a frozen and optimised torch.jit trace (`frozen`, in
 * evaluation), or by torch.compile with inductor (`compiled`, in evaluation with frozen weights).
 */
export type Way = 'eager' | 'frozen' | 'compiled';

export type Request =
  | ({ readonly cmd: 'setup'; readonly engine?: string } & Workload & Partial<PyTorchVariant>)
  | { readonly cmd: 'run'; readonly steps: number }
  | { readonly cmd: 'memory' }
  | { readonly cmd: 'logits'; readonly weights: string }
  | { readonly cmd: 'quit' };

/** Answer to `setup`. */
export interface SetupReply {
  readonly images_per_step: number;
  readonly parameters: number;
  /** Library and version, for a person. */
  readonly version: string;
}

/** Answer to `run`. */
export interface RunReply {
  /** Of each step. */
  readonly seconds: readonly number[];
  /** Of the last training step; null in other modes, and where it is not finite. */
  readonly loss: number | null;
}

/** Answer to `memory`. */
export interface MemoryReply {
  /** The greatest resident size of the process so far. */
  readonly peak_bytes: number;
}

/**
 * Answer to `logits`, in evaluation mode. Both sides take the images of a formula and the weights of the file, which PyTorch
 * writes: new ones whose batch statistics have moved.
 */
export interface LogitsReply {
  /** [batch, classes], row-major. */
  readonly logits: readonly number[];
}

/** Answer to a request that failed. */
export interface ErrorReply {
  readonly error: string;
}
