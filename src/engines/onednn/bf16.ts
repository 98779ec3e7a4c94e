import { UserError } from '../../errors.js';
import { type Dnnl, DnnlError } from './dnnl.js';
import type { ConvSpec } from './primitiveSpec.js';

/** Start of the message for processors without bf16. */
export const NO_BF16 = 'precision bf16 needs a processor with AVX512';

/**
 * Asks the library for a convolution in bf16.
 *
 * @param instructionSet of the processor, for the message
 * @throws UserError when the library has none for this processor
 */
export function requireBf16(dnnl: Dnnl, instructionSet: string): void {
  const images = dnnl.any([1, 16, 8, 8], 'bf16');
  const spec: ConvSpec = {
    kind: 'convolution',
    dilation: [1, 1],
    pass: 'training',
    src: images,
    weights: dnnl.any([16, 16, 3, 3], 'bf16'),
    dst: images,
    strides: [1, 1],
    paddingBegin: [1, 1],
    paddingEnd: [1, 1],
  };
  try {
    dnnl.release(dnnl.primitive(spec));
  } catch (error) {
    if (!(error instanceof DnnlError)) throw error;
    throw new UserError(`${NO_BF16}, for oneDNN ${dnnl.version} has no code for it on ${instructionSet}`);
  }
}
