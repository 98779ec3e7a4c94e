/** Images whose most probable class has a probability within a range. */
export interface CalibrationBin {
  readonly from: number;
  readonly to: number;
  readonly images: number;
  /** Their mean probability, and the share that is right; NaN without images. */
  readonly confidence: number;
  readonly accuracy: number;
}

/** Whether a model's confidence matches its accuracy. */
export interface Calibration {
  readonly bins: readonly CalibrationBin[];
  /** Expected calibration error: mean distance of confidence and accuracy over the images, from 0 to 1; NaN without images. */
  readonly error: number;
}

/** Calibration in bins of equal width. */
export class CalibrationMeter {
  private readonly sums: { images: number; confidence: number; right: number }[];

  /** @param bins 15 by default, as in "On Calibration of Modern Neural Networks" */
  constructor(bins = 15) {
    this.sums = Array.from({ length: bins }, () => ({ images: 0, confidence: 0, right: 0 }));
  }

  /**
   * Adds an image.
   *
   * @param confidence probability of its most probable class
   */
  add(confidence: number, isRight: boolean): void {
    const { length } = this.sums;
    // (0, 1/15], (1/15, 2/15] and so on, as the paper has them. NaN is put in the first: it makes the error NaN.
    const place = Math.ceil(confidence * length) - 1 || 0;
    const bin = this.sums[Math.min(length - 1, Math.max(0, place))]!;
    bin.images++;
    bin.confidence += confidence;
    bin.right += isRight ? 1 : 0;
  }

  /** The calibration of the images so far. */
  result(): Calibration {
    const { sums } = this;
    const bins = sums.map(({ images, confidence, right }, i) => ({
      from: i / sums.length,
      to: (i + 1) / sums.length,
      images,
      confidence: confidence / images,
      accuracy: right / images,
    }));
    const filled = bins.filter(({ images }) => images > 0);
    const count = filled.reduce((sum, { images }) => sum + images, 0);
    const distances = filled.reduce(
      (sum, { images, confidence, accuracy }) => sum + images * Math.abs(confidence - accuracy),
      0,
    );
    return { bins, error: distances / count };
  }
}
