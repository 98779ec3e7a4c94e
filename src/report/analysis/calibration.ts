import { type Outcomes, probabilityOf } from './outcomes.js';

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
  /** Expected calibration error: mean distance of confidence and accuracy over the images, from 0 to 1. */
  readonly error: number;
}

/** Calibration in bins of equal width, 15 as in "On Calibration of Modern Neural Networks". */
export function calibrationOf(outcomes: Outcomes, binCount = 15): Calibration {
  const { count, labels, predicted } = outcomes;
  const sums = Array.from({ length: binCount }, () => ({ images: 0, confidence: 0, right: 0 }));
  for (let i = 0; i < count; i++) {
    const confidence = probabilityOf(outcomes, i, predicted[i]!);
    // (0, 1/15], (1/15, 2/15] and so on, as the paper has them.
    const bin = sums[Math.min(binCount - 1, Math.max(0, Math.ceil(confidence * binCount) - 1))]!;
    bin.images++;
    bin.confidence += confidence;
    bin.right += predicted[i] === labels[i] ? 1 : 0;
  }
  const bins = sums.map(({ images, confidence, right }, i) => ({
    from: i / binCount,
    to: (i + 1) / binCount,
    images,
    confidence: confidence / images,
    accuracy: right / images,
  }));
  const error = bins.reduce(
    (sum, { images, confidence, accuracy }) =>
      images === 0 ? sum : sum + (images / count) * Math.abs(confidence - accuracy),
    0,
  );
  return { bins, error };
}
