/** How near a model's logits are to those of the model that it was made from. */
export interface Fidelity {
  /** Mean square of the differences, as a share of the variance of an image's logits. */
  readonly error: number;
  /** Share of the images with the same most probable class; one with a logit that is NaN has none. */
  readonly agreement: number;
}

/**
 * Compares logits of the same images.
 *
 * @param found [N, classes] as `expected`
 */
export function fidelityOf(found: Float32Array, expected: Float32Array, classes: number): Fidelity {
  const images = expected.length / classes;
  let [squares, variance, same] = [0, 0, 0];
  for (let n = 0; n < images; n++) {
    const [ours, theirs] = [found, expected].map((logits) =>
      logits.subarray(n * classes, (n + 1) * classes),
    ) as [Float32Array, Float32Array];
    const mean = theirs.reduce((a, b) => a + b, 0) / classes;
    theirs.forEach((logit, k) => {
      squares += (ours[k]! - logit) ** 2;
      variance += (logit - mean) ** 2;
    });
    if (highest(ours) === highest(theirs)) same++;
  }
  return { error: variance > 0 ? squares / variance : squares, agreement: same / images };
}

/** NaN where a logit is. */
function highest(logits: Float32Array): number {
  if (logits.some(Number.isNaN)) return Number.NaN;
  return logits.reduce((best, logit, k) => (logit > logits[best]! ? k : best), 0);
}
