import type { ConvolutionPointers, ConvolutionSpec } from '../../../../src/engines/cuda/device.js';
import { extentOf } from './libraries.js';
import type { Memory } from './memory.js';

/** The tensor that a convolution writes. */
const WRITTEN = { forward: 'result', inputGrad: 'image', weightGrad: 'filter' } as const;

/**
 * Checks that a convolution's tensors are in the device's memory, and that what is written is apart.
 *
 * @throws Error where one is not
 */
export function checkConvolution(memory: Memory, spec: ConvolutionSpec, pointers: ConvolutionPointers): void {
  const what = (name: string) => `${name} of a convolution (${spec.kind})`;
  const written = WRITTEN[spec.kind];
  const end = pointers[written] + extentOf(spec[written]);
  for (const name of ['image', 'filter', 'result'] as const) {
    const [start, extent] = [pointers[name], extentOf(spec[name])];
    memory.checkInside(what(name), start, extent);
    if (name !== written && start < end && pointers[written] < start + extent)
      throw new Error(`${what(name)} shares memory with the ${written}, which is written`);
  }
  const extents = { bias: 4 * spec.filter.shape[0]!, addend: extentOf(spec.result) };
  for (const name of ['bias', 'addend'] as const) {
    const pointer = pointers[name];
    if ((pointer !== undefined) !== (spec.epilogue?.[name] ?? false))
      throw new Error(
        `${what(name)} is ${pointer === undefined ? 'missing' : 'given'}, not as it was prepared`,
      );
    if (pointer !== undefined) memory.checkInside(what(name), pointer, extents[name]);
  }
}
