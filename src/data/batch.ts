import type { ImageBytes } from '../engines/imageBytes.js';

/** Images and labels of a step. */
export interface Batch {
  /** [N, C, S, S], normalised; zeros beyond `count`. */
  readonly images: Float32Array;
  /** [N]; zeros beyond `count`. */
  readonly labels: Int32Array;
  /**
   * Distributions over the classes that training uses in place of the labels (soft targets), [N, classes] row-major, of
   * mixed images. The labels are then the likeliest classes, for the accuracy.
   */
  readonly targets?: Float32Array | undefined;
  /** How many of the N are real: fewer than N only in the last batch of an evaluation. */
  readonly count: number;
}

/** A batch whose images are bytes, for an engine that crops, mirrors and normalises them. */
export interface ByteBatch extends Omit<Batch, 'images'> {
  readonly images: ImageBytes;
}

/** Where a trainer takes its batches from: a `Loader`, or your own source. */
export interface BatchSource {
  /** Batches of an epoch. */
  readonly stepsPerEpoch: number;
  /** Total milliseconds that the consumer has waited for batches. */
  readonly waitedMs: number;
  /** The batches of an epoch, from step `start` (default 0) on: always the same. */
  epoch(epoch: number, start?: number): AsyncIterable<Batch>;
  /** The same batches as bytes, which stand for the same values of the real images. Absent where they are not bytes until they are normalised. */
  readonly byteEpoch?: ((epoch: number, start?: number) => AsyncIterable<ByteBatch>) | undefined;
}
