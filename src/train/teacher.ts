/** A model that another one imitates. */
export interface Teacher {
  /**
   * Logits of a batch of the training's images.
   *
   * @param images [N, C, S, S], normalised; stays the caller's
   * @returns [N, classes], in the order of the student's classes
   */
  logits(images: Float32Array): Promise<Float32Array>;
  /** Frees its program until the next {@link logits}, as the engine takes another number of threads. Absent where it uses another engine. */
  release?(): Promise<void>;
}
