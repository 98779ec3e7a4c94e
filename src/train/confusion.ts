/** How many images of one class were predicted as another. */
export interface ConfusedPair {
  readonly label: string;
  readonly predicted: string;
  readonly images: number;
}

/** Confusion matrix: counts how often each class was predicted as each other. */
export class Confusion {
  /** Numbers of images: [label][predicted]. */
  readonly rows: readonly Uint32Array[];
  /** Numbers of images of each label that have no prediction, because the model's logits are not finite. */
  readonly unpredicted: Uint32Array;

  /** @param classes names of the classes, in order */
  constructor(readonly classes: readonly string[]) {
    this.rows = classes.map(() => new Uint32Array(classes.length));
    this.unpredicted = new Uint32Array(classes.length);
  }

  /**
   * Adds an image.
   *
   * @param predicted −1 for none
   */
  add(label: number, predicted: number): void {
    const [counts, place] = predicted < 0 ? [this.unpredicted, label] : [this.rows[label]!, predicted];
    counts[place] = counts[place]! + 1;
  }

  /** The pairs that were confused most, at most `limit` of them. */
  worstPairs(limit: number): ConfusedPair[] {
    return this.rows
      .flatMap((row, label) => Array.from(row, (images, predicted) => ({ images, label, predicted })))
      .filter(({ images, label, predicted }) => images > 0 && label !== predicted)
      .sort((a, b) => b.images - a.images)
      .slice(0, limit)
      .map(({ images, label, predicted }) => ({
        label: this.classes[label]!,
        predicted: this.classes[predicted]!,
        images,
      }));
  }
}
