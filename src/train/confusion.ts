/** A class's images and the share that was predicted correctly, in percent. */
export interface ClassAccuracy {
  readonly name: string;
  readonly images: number;
  readonly top1: number;
}

/** How many images of one class were predicted as another. */
export interface ConfusedPair {
  readonly label: string;
  readonly predicted: string;
  readonly images: number;
}

/** Confusion matrix: counts how often each class was predicted as each other. */
export class Confusion {
  /** [label, predicted] */
  private readonly counts: Uint32Array;

  /** @param classes names of the classes, in order */
  constructor(private readonly classes: readonly string[]) {
    this.counts = new Uint32Array(classes.length ** 2);
  }

  /** Adds an image. */
  add(label: number, predicted: number): void {
    const at = label * this.classes.length + predicted;
    this.counts[at] = this.counts[at]! + 1;
  }

  /** Accuracy of each class that has images, worst first. */
  perClass(): ClassAccuracy[] {
    const size = this.classes.length;
    const all = this.classes.map((name, label) => {
      const row = this.counts.subarray(label * size, (label + 1) * size);
      const images = row.reduce((total, count) => total + count, 0);
      return { name, images, top1: images === 0 ? 0 : (100 * row[label]!) / images };
    });
    return all.filter(({ images }) => images > 0).sort((a, b) => a.top1 - b.top1);
  }

  /** The pairs that were confused most, at most `limit` of them. */
  worstPairs(limit: number): ConfusedPair[] {
    const size = this.classes.length;
    return Array.from(this.counts, (images, at) => ({
      images,
      row: Math.floor(at / size),
      column: at % size,
    }))
      .filter(({ images, row, column }) => images > 0 && row !== column)
      .sort((a, b) => b.images - a.images)
      .slice(0, limit)
      .map(({ images, row, column }) => ({
        label: this.classes[row]!,
        predicted: this.classes[column]!,
        images,
      }));
  }
}
