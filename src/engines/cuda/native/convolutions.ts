import type { ConvolutionPointers, ConvolutionSpec, Pointer, Prepared } from '../device.js';
import { extentOf } from './algorithms/planTimer.js';
import type { Selection } from './algorithms/selection.js';
import type { CublasLt } from './cublaslt/cublasLt.js';
import { proposePointwise } from './cublaslt/pointwiseConvolution.js';
import type { Cudnn } from './cudnn/cudnn.js';
import { proposeConvolutions } from './cudnn/proposeConvolutions.js';

/** Prepares convolutions: cuDNN and, where they are products, cuBLASLt propose algorithms, and the fastest on this device is taken. */
export class Convolutions {
  constructor(
    private readonly cudnn: Cudnn,
    private readonly cublasLt: CublasLt,
    private readonly selection: Selection<ConvolutionPointers>,
  ) {}

  /** See {@link Device.convolution}. */
  prepare(spec: ConvolutionSpec): Prepared<ConvolutionPointers> | undefined {
    if (!hasKnownActivation(spec)) return undefined;
    return this.selection.choose(
      keyOf(spec),
      (place) => layOut(spec, place),
      (only) => [
        ...proposeConvolutions(this.cudnn, spec, only),
        ...proposePointwise(this.cublasLt, spec, only),
      ],
    );
  }
}

function layOut(
  { image, filter, result, epilogue }: ConvolutionSpec,
  place: (bytes: number) => Pointer,
): ConvolutionPointers {
  return {
    image: place(extentOf(image)),
    filter: place(extentOf(filter)),
    result: place(extentOf(result)),
    bias: epilogue?.bias ? place(4 * result.shape[1]!) : undefined,
    addend: epilogue?.addend ? place(extentOf(result)) : undefined,
  };
}

/** What the choice of an algorithm depends on. */
function keyOf({ kind, image, filter, result, geometry, arithmetic, epilogue }: ConvolutionSpec): string {
  const { stride, padding, dilation, groups } = geometry;
  const tensors = [image, filter, result].map(({ type, shape, strides }) => [type, shape, strides]);
  const { bias, addend, activation } = epilogue ?? { bias: false, addend: false, activation: undefined };
  return JSON.stringify([
    ...[kind, arithmetic, tensors, [stride, padding, dilation, groups]],
    [bias, addend, activation?.fn],
  ]);
}

function hasKnownActivation({ epilogue }: ConvolutionSpec): boolean {
  return epilogue?.activation === undefined || epilogue.activation.fn === 'relu';
}
