import { uniformSource } from '../../src/random.js';
import { TINY_SIZE } from '../train/fixtures/tinyModel.js';

/** Images of a batch of all ranks, steps and learning rate of the comparison with PyTorch's DDP. */
export const [BATCH, STEPS, RATE] = [12, 6, 0.1];

/** Images of a step, [BATCH, 3, S, S]. */
export function imagesOf(step: number): Float32Array {
  const draw = uniformSource(11, 'ddp');
  return Float32Array.from({ length: BATCH * 3 * TINY_SIZE ** 2 }, (_, i) => 2 * draw(step, i) - 1);
}

/** Their classes. */
export function labelsOf(step: number): Int32Array {
  return Int32Array.from({ length: BATCH }, (_, i) => (5 * step + i * i) % 3);
}
