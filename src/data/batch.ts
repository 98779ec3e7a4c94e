/** Images and labels of a step. */
export interface Batch {
  /** [N, C, S, S], normalised; zeros beyond `count`. */
  readonly images: Float32Array;
  /** [N]; zeros beyond `count`. */
  readonly labels: Int32Array;
  /** How many of the N are real: less than N in the last batch of an evaluation alone. */
  readonly count: number;
}

/** Where a trainer takes its batches from: a `Loader`, or a source of your own. */
export interface BatchSource {
  /** Batches of an epoch. */
  readonly stepsPerEpoch: number;
  /** Milliseconds that the consumer has waited for batches in all. */
  readonly waitedMs: number;
  /** The batches of an epoch, from step `start` (default 0) on: the same whenever they are asked for. */
  epoch(epoch: number, start?: number): AsyncIterable<Batch>;
}
