import { type Shape, sizeOf } from '../../../graph/tensorType.js';
import { type Arithmetic, BYTES } from '../device.js';

/** What says which convolutions are fused with their neighbours. */
export interface Fusing {
  readonly arithmetic: Arithmetic;
  /** Bytes of an image and its result, at most. */
  readonly fusedBytes: number;
}

/**
 * Whether a convolution is fused. Its kernel then computes its image where it is read, and adds up its results. With large tensors
 * memory is the bound, and what is written in between can cost less than waiting for it.
 */
export function isFused(image: Shape, result: Shape, { arithmetic, fusedBytes }: Fusing): boolean {
  const bytes = BYTES[arithmetic === 'bf16' ? 'bf16' : 'f32'];
  return (sizeOf(image) + sizeOf(result)) * bytes <= fusedBytes;
}
