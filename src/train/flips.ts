import type { Predictor } from './evaluate.js';

/** Images mirrored: left becomes right. @param images [N, C, S, S] */
export function mirrored(images: Float32Array, size: number): Float32Array {
  const flipped = new Float32Array(images.length);
  for (let row = 0; row < images.length; row += size)
    for (let x = 0; x < size; x++) flipped[row + x] = images[row + size - 1 - x]!;
  return flipped;
}

/**
 * A predictor that averages the probabilities of each image and of its mirror image (test-time augmentation). Its logits are
 * the logarithms of the means, so that their softmax is the mean itself.
 */
export function withFlips(predictor: Predictor): Predictor {
  const { imageSize, classes } = predictor.model.config;
  const predict = async (images: Float32Array): Promise<{ readonly logits: Float32Array }> => {
    const flipped = mirrored(images, imageSize);
    const { logits: own } = await predictor.predict(images);
    const { logits: other } = await predictor.predict(flipped);
    return { logits: meanLogits(own, other, classes) };
  };
  return { model: predictor.model, predict };
}

/** Logarithms of the mean of two softmaxes, row by row. */
export function meanLogits(a: Float32Array, b: Float32Array, classes: number): Float32Array {
  const mean = new Float32Array(a.length);
  for (let start = 0; start < a.length; start += classes) {
    const [first, second] = [a, b].map((logits) => logSoftmax(logits.subarray(start, start + classes))) as [
      number[],
      number[],
    ];
    for (let k = 0; k < classes; k++) {
      const most = Math.max(first[k]!, second[k]!);
      mean[start + k] = most + Math.log((Math.exp(first[k]! - most) + Math.exp(second[k]! - most)) / 2);
    }
  }
  return mean;
}

function logSoftmax(logits: Float32Array): number[] {
  const most = logits.reduce((x, y) => Math.max(x, y));
  const total = most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0));
  return Array.from(logits, (logit) => logit - total);
}
