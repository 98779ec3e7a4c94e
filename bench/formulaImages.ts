import type { Learner } from '../src/index.js';

/** A batch [N, 3, S, S] that PyTorch's side can make, too: element i is (7i² + 13i mod 256)/128 − 1, exact in 32 bits. */
export function formulaImages({ batchSize, model }: Pick<Learner, 'batchSize' | 'model'>): Float32Array {
  const images = new Float32Array(batchSize * 3 * model.config.imageSize ** 2);
  for (let i = 0; i < images.length; i++) images[i] = ((7 * i * i + 13 * i) % 256) / 128 - 1;
  return images;
}
